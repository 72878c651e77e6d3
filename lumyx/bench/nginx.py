"""nginx as the mock provider, where it is never the bottleneck, and as a reverse proxy."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from lumyx.bench import answers

QUIET = """  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
"""
"""What both have within `http`: no log, and files of their own."""

CONFIG = (
    """
daemon off;
master_process off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log crit;
events {{ worker_connections 4096; }}
http {{
"""
    + QUIET
    + """  server {{
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
)


PROXY = (
    """
daemon off;
master_process {master};
worker_processes {workers};
worker_rlimit_nofile 16384;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log crit;
events {{ worker_connections 8192; }}
http {{
"""
    + QUIET
    + """  {upstreams}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_buffering off;
    {locations}
  }}
}}
"""
)


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


def proxy_command(
    binary: str, *, port: int, directory: Path, workers: int, upstreams: Mapping[str, str]
) -> list[str]:
    """Write a configuration that forwards each first word of a path, and return the command."""
    config = directory / "nginx.conf"
    config.write_text(
        PROXY.format(
            directory=directory,
            port=port,
            workers=workers,
            master="on" if workers > 1 else "off",
            upstreams="\n  ".join(
                f"upstream {word} {{ server {url.removeprefix('http://')}; keepalive 512; "
                "keepalive_requests 100000000; }"
                for word, url in upstreams.items()
            ),
            locations="\n    ".join(
                f"location /{word}/ {{ proxy_pass http://{word}; }}" for word in upstreams
            ),
        )
    )
    return [binary, "-p", str(directory), "-c", str(config), "-e", str(directory / "nginx.log")]
