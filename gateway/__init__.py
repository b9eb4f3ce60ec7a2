"""The one HTTP API: who may ask what, in which form, of which service.

Owns accounts, sessions, device keys and their audit log; knows nothing of the business.
Every address is declared once, as data (operations.py): the routes, the checks before a
call and the OpenAPI document are all read from those declarations.
"""
