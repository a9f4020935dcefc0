"""A collector of traces as OTLP over HTTP has it: it decodes what is handed in by OpenTelemetry's own messages."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

# Which step lies in which: a post's way through the house.
STEPS = {"parsed": "received", "scored": "received", "stored": "received", "pushed": "stored", "relayed": "pushed"}


class Collector:
    def __init__(self):
        self.spans, self.resources, self.complaints, self.headers = [], [], [], {}
        self.lock = threading.Lock()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status, answer = collector.take(self.path, self.headers, body)
                self.send_response(status)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, headers, body):
        request = ExportTraceServiceRequest()
        try:
            request.ParseFromString(body)
        except DecodeError as error:
            self.complaints.append(str(error))
            return 400, b""
        if path != "/v1/traces" or headers["content-type"] != "application/x-protobuf":
            self.complaints.append((path, headers["content-type"]))
        with self.lock:
            self.headers = {name.lower(): value for name, value in headers.items()}
            for told in request.resource_spans:
                self.resources.append(said(told.resource.attributes))
                for scope in told.scope_spans:
                    self.spans.extend(scope.spans)
        return 200, ExportTraceServiceResponse().SerializeToString()

    def resource(self):
        return self.resources[-1] if self.resources else {}

    def traces(self):
        """What was handed in, by trace."""
        with self.lock:
            spans = list(self.spans)
        found = {}
        for span in spans:
            found.setdefault(span.trace_id.hex(), []).append(span)
        return [{"id": trace, "spans": steps} for trace, steps in found.items()]

    def close(self):
        self.server.shutdown()


def said(attributes):
    return {it.key: it.value.string_value or it.value.int_value for it in attributes}


def way_of(trace):
    """A trace as a post's way: what is wrong with it; none where it did not get to Redis."""
    spans = trace["spans"]
    names = {span.span_id: span.name for span in spans}
    if "relayed" not in names.values():
        return None
    wrong = []
    roots = [span for span in spans if not span.parent_span_id]
    if [root.name for root in roots] != ["received"]:
        wrong.append(("roots", [root.name for root in roots]))
    if missing := {"received", *STEPS} - {"scored"} - set(names.values()):
        wrong.append(("missing", missing))
    first = {}
    for span in spans:
        first.setdefault(span.name, span)
        cause = STEPS.get(span.name)
        if cause and names.get(span.parent_span_id) != cause:
            wrong.append((span.name, "lies in", names.get(span.parent_span_id)))
        if span.end_time_unix_nano < span.start_time_unix_nano:
            wrong.append((span.name, "ends before it begins"))
    if not wrong:
        order = [name for name in ("received", "parsed", "scored", "stored", "pushed", "relayed") if name in first]
        begun = [first[name].start_time_unix_nano for name in order]
        if begun != sorted(begun):
            wrong.append(("order", order, begun))
        for before, after in (("parsed", "stored"), ("scored", "stored"), ("pushed", "relayed")):
            # What follows another step begins when that has ended; the way to Redis ends after the push began.
            if before in first and before != "pushed" and first[before].end_time_unix_nano > first[after].start_time_unix_nano:
                wrong.append((before, "ends after the beginning of", after))
        if first["relayed"].end_time_unix_nano < first["pushed"].start_time_unix_nano:
            wrong.append(("relayed", "ends before it is pushed"))
    root = roots[0] if roots else None
    return {"wrong": wrong, "scored": "scored" in first, "said": said(root.attributes) if root else {}}
