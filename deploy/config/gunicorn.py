"""How gunicorn serves the gateway: a few processes of threads, none of which waits for ever."""

import os
import resource
from pathlib import Path

from chassis import garbage

# Imported in the master, so that its workers share the memory by which they tell each other
# of revoked sessions.
from gateway import revocations  # noqa: F401

wsgi_app = "gateway.app:create_app()"
# gunicorn's own gthread waits for ever for the rest of a half-sent request.
worker_class = "gateway.worker.BoundedWorker"
threads = int(os.environ.get("GENDAN_HTTP_THREADS", "24"))
# Connections beyond these wait in the kernel, and beyond the backlog are refused there. Each has
# a descriptor; a worker that has none left ends.
_DESCRIPTORS_BESIDE = 200
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_descriptors = max(_soft, min(_hard, 4096))
resource.setrlimit(resource.RLIMIT_NOFILE, (_descriptors, _hard))
worker_connections = min(1000, _descriptors - _DESCRIPTORS_BESIDE)
backlog = 512
# A worker that has not stirred for so long is killed. Calls end after 10 s by themselves.
timeout = 60
graceful_timeout = 25
keepalive = 15
limit_request_line = 4096
limit_request_fields = 60
limit_request_field_size = 8190
# A header that could be read as another one is refused, not dropped: smuggling shows.
header_map = "refuse"
# gunicorn lets a proxy say by headers what the path is, and our proxy passes on whatever a client
# sends: SCRIPT_NAME would lead around the addresses that nginx keeps inside.
forwarder_headers = ""
# The heartbeat file must not lie on a slow disk.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - memory, and gunicorn draws the name
forwarded_allow_ips = os.environ.get("GENDAN_HTTP_TRUSTED_PROXIES", "127.0.0.1")
# Our own access log knows the caller and the request's id (gateway/surroundings.py).
accesslog = None
# Signals are how the supervisor speaks to it; a socket in a home folder is one door too many.
control_socket_disable = True


def when_ready(_server: object) -> None:
    """The port is ours: whoever else answers on it must not be taken for this gateway."""
    if mark := os.environ.get("GENDAN_READY_FILE"):
        Path(mark).touch()


def post_worker_init(_worker: object) -> None:
    """A worker has loaded the application."""
    garbage.spare_what_is_loaded()
