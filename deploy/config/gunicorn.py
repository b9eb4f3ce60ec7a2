"""How gunicorn serves the gateway: a few processes of threads, none of which waits for ever."""

import os
from importlib.util import find_spec

wsgi_app = "gateway.app:create_app()"
# gunicorn's own gthread waits for ever for the rest of a half-sent request.
worker_class = "gateway.worker.Worker" if find_spec("gateway.worker") else "gthread"
threads = int(os.environ.get("GENDAN_HTTP_THREADS", "24"))
# A worker that has not stirred for so long is killed. Calls end after 10 s by themselves.
timeout = 60
graceful_timeout = 25
keepalive = 15
backlog = 512
limit_request_line = 4096
limit_request_fields = 60
limit_request_field_size = 8190
# The heartbeat file must not lie on a slow disk.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - memory, and gunicorn draws the name
forwarded_allow_ips = os.environ.get("GENDAN_HTTP_TRUSTED_PROXIES", "127.0.0.1")
accesslog = None
