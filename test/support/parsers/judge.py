"""Python's own parsers as judges.

`judge.py requests`: an HTTP server that tells in the header X-Read what it read of each request.
`judge.py answers`: reads "METHOD LENGTH\\n" and LENGTH bytes of an answer, again and again, and writes one line of JSON for each.
Both listen on a free port of loopback and say which on the first line of stdout.
"""

import base64
import hashlib
import http.client
import http.server
import io
import json
import socketserver
import sys


class OneByOne(io.RawIOBase):
    """Gives no byte to a buffer before it is asked for, so that what stands behind a chunked body is still there."""

    def __init__(self, inner):
        self.inner = inner

    def readable(self):
        return True

    def read(self, size=-1):
        return self.inner.read(size)

    def readline(self, limit=-1):
        return self.inner.readline(limit)

    def readinto(self, buffer):
        data = self.inner.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def makefile(self, *_):
        return self

    def close(self):
        pass


def dechunked(stream):
    """A chunked body, as http.client reads one."""
    response = http.client.HTTPResponse(OneByOne(stream), method="GET")
    response.chunked = True
    response.chunk_left = None
    response.length = None
    response.will_close = False
    return response.read()


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.echo
        raise AttributeError(name)

    def echo(self):
        coding = self.headers.get("Transfer-Encoding")
        length = self.headers.get("Content-Length")
        if coding is not None:
            if coding.lower() != "chunked" or length is not None:
                self.close_connection = True
                self.send_error(400)
                return
            body = dechunked(self.rfile)
        else:
            wanted = int(length or "0")
            body = self.rfile.read(wanted)
            if len(body) != wanted:
                self.close_connection = True
                return
        read = {
            "method": self.command,
            "target": self.requestline.split(" ")[1],
            "headers": [[name, value] for name, value in self.headers.items()],
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        self.send_response(200)
        self.send_header("X-Read", base64.b64encode(json.dumps(read).encode()).decode())
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Bytes:
    """A socket that holds an answer."""

    def __init__(self, data):
        self.stream = io.BytesIO(data)

    def makefile(self, *_):
        return OneByOne(self.stream)


class Answers(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            line = self.rfile.readline()
            if not line:
                return
            method, length = line.decode().split()
            said = Bytes(self.rfile.read(int(length)))
            self.wfile.write(json.dumps(self.read_answer(method, said)).encode() + b"\n")

    def read_answer(self, method, said):
        try:
            response = http.client.HTTPResponse(said, method=method)
            response.begin()
            body = response.read()
            return {
                "status": response.status,
                "headers": [[name, value] for name, value in response.headers.items()],
                "bytes": len(body),
                "sha256": hashlib.sha256(body).hexdigest(),
                "rest": len(said.stream.read()),
            }
        except Exception as error:  # whatever it is, it is no answer
            return {"fault": f"{type(error).__name__}: {error}"}


class Threads(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass


with Threads(("127.0.0.1", 0), {"requests": Echo, "answers": Answers}[sys.argv[1]]) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
