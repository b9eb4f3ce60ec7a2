"""Run a service: `python -m chassis.runner <service>`, or `<module>:<Class>`.

Everything that blocks is patched before anything else is loaded.
"""

import sys
import warnings

# It says so at every import; that nameko stands on it is known and decided (ARCHITECTURE §6).
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

if __name__ == "__main__":
    import eventlet

    eventlet.monkey_patch()

    from chassis.process import main

    sys.exit(main(sys.argv[1:]))
