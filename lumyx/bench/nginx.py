"""nginx as the mock provider: it is never the bottleneck."""

import shutil
from pathlib import Path

from lumyx.bench import answers

CONFIG = """
daemon off;
master_process off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location /whole/ {{
      default_type application/json;
      return 200 '{whole}';
    }}
    location /stream/ {{
      default_type text/event-stream;
      set $chunk '{chunk}';
      return 200 '{begin}{chunks}{end}';
    }}
    location /anthropic/ {{
      default_type text/event-stream;
      set $chunk '{anthropic_chunk}';
      return 200 '{anthropic_begin}{chunks}{anthropic_end}';
    }}
  }}
}}
"""


def find() -> str | None:
    """Return nginx's path, or None where it is not installed."""
    return shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


def command(binary: str, *, port: int, directory: Path) -> list[str]:
    """Write a configuration into the directory and return the command that serves it."""
    config = directory / "nginx.conf"
    config.write_text(
        CONFIG.format(
            directory=directory,
            port=port,
            whole=answers.WHOLE.decode(),
            chunk=answers.CHUNK.decode(),
            begin=answers.BEGIN.decode(),
            chunks="${chunk}" * answers.CHUNKS,
            end=answers.END.decode(),
            anthropic_begin=answers.ANTHROPIC_BEGIN.decode(),
            anthropic_chunk=answers.ANTHROPIC_CHUNK.decode(),
            anthropic_end=answers.ANTHROPIC_END.decode(),
        )
    )
    return [binary, "-p", str(directory), "-c", str(config), "-e", str(directory / "nginx.log")]
