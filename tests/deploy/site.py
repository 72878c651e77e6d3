"""nginx with the site that we ship, on ports of its own."""

import datetime
import ipaddress
import shutil
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.processes import ROOT, free_port, wait_until

DEPLOY = ROOT / "deploy"
SITE = DEPLOY / "nginx" / "lumyx.conf"
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
MAIN = DEPLOY / "nginx" / "nginx.conf"
PLACES = """
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  include {directory}/lumyx.conf;
"""


def changed(file: Path, changes: dict[str, str]) -> str:
    """Return what is in a file, with each of these texts in another's place."""
    text = file.read_text()
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return text


class Site:
    """Our site in a real nginx, in front of processes on ports of this machine."""

    def __init__(self, directory: Path, *, ports: list[int]) -> None:
        self.directory = directory
        self.upstream = directory / "upstream.conf"
        port = free_port()
        self.url = f"https://127.0.0.1:{port}"
        self.plain = f"http://127.0.0.1:{free_port()}"
        self.certificate = write_certificate(directory)
        self.write_upstream(ports)
        changes = {
            "listen 443 ssl http2": f"listen 127.0.0.1:{port} ssl http2",
            "listen [::]:443 ssl http2;": "",
            "listen 80": f"listen {self.plain.removeprefix('http://')}",
            "listen [::]:80;": "",
            "/etc/nginx/lumyx-upstream.conf": str(self.upstream),
            "/etc/lumyx/tls": str(directory),
            "/var/log/nginx": str(directory),
        }
        (directory / "lumyx.conf").write_text(changed(SITE, changes))
        main = {
            "/run/nginx.pid": f"{directory}/nginx.pid",
            "/var/log/nginx": str(directory),
            "include /etc/nginx/conf.d/*.conf;": PLACES.format(directory=directory),
        }
        (directory / "nginx.conf").write_text("daemon off;\n" + changed(MAIN, main))
        # Its workers are nobody's where root starts it.
        directory.chmod(0o755)
        self._command = [
            str(NGINX),
            *("-p", str(directory), "-c", str(directory / "nginx.conf")),
            *("-e", str(directory / "start.log")),
        ]
        self._popen: subprocess.Popen[bytes] | None = None

    def check(self) -> str:
        """Return what `nginx -t` says."""
        done = subprocess.run([*self._command, "-t"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def start(self) -> None:
        """Serve."""
        self._popen = subprocess.Popen(self._command)
        wait_until((self.directory / "nginx.pid").is_file, seconds=10, what="nginx")

    def write_upstream(self, ports: list[int]) -> None:
        """Name the processes behind the site as the file that we ship does."""
        [line, *_] = (DEPLOY / "nginx" / "upstream.conf").read_text().splitlines()
        lines = [line.replace(":8001", f":{port}") + "\n" for port in ports]
        self.upstream.write_text("".join(lines))

    def stop(self) -> None:
        """End nginx."""
        if self._popen is not None:
            self._popen.terminate()
            self._popen.wait(15)


class Fake:
    """A web process that remembers what reached it and answers, or breaks off."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.heads: list[dict[str, str]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                fake.heads.append({name.lower(): value for name, value in self.headers.items()})
                answer(self)

            do_POST = do_GET

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def well(handler: BaseHTTPRequestHandler) -> None:
    """Read the body and answer."""
    size = int(handler.headers.get("Content-Length", 0))
    handler.rfile.read(size)
    handler.send_response(200)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"ok")


def broken(handler: BaseHTTPRequestHandler) -> None:
    """Read the body and break the connection, as a process does that is killed."""
    handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    handler.close_connection = True


def write_certificate(directory: Path) -> Path:
    """Write a certificate of 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = directory / "fullchain.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (directory / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file
