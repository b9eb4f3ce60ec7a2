"""Loading a company's books: CSV files in, ordinary commands of the HTTP API out.

`reading` and `northwind` make rows of files, `checking` finds everything that is wrong with
them before anything is sent, `steps` says what has to be there, `sending` makes it so.
"""
