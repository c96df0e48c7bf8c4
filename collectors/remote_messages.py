"""The messages of Prometheus' remote-read protocol, as far as they are needed (prometheus/prompb/{remote,types}.proto).

Put together from descriptors, so that setting up needs no compiler for them.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

STREAMED_XOR_CHUNKS = 1
"""Among the types of an answer."""

MATCHES = 2
"""Among the types of a label matcher: matched as a whole by a regular expression."""

XOR = 1
"""Among the encodings of a chunk; 2 and 3 are native histograms."""

_KINDS = {
    "int32": FieldDescriptorProto.TYPE_INT32,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}
# Name: fields in the order of their numbers; a * says repeated. Enumerations travel as int32.
_MESSAGES = {
    "Label": ("name string", "value string"),
    "LabelMatcher": ("type int32", "name string", "value string"),
    "Query": ("start_timestamp_ms int64", "end_timestamp_ms int64", "matchers LabelMatcher*"),
    "ReadRequest": ("queries Query*", "accepted_response_types int32*"),
    "Chunk": ("min_time_ms int64", "max_time_ms int64", "type int32", "data bytes"),
    "ChunkedSeries": ("labels Label*", "chunks Chunk*"),
    "ChunkedReadResponse": ("chunked_series ChunkedSeries*", "query_index int64"),
}


def _message(name: str, fields: tuple[str, ...]) -> DescriptorProto:
    message = DescriptorProto(name=name)
    for number, text in enumerate(fields, 1):
        field, _, kind = text.partition(" ")
        plain = kind.rstrip("*")
        label = FieldDescriptorProto.LABEL_REPEATED if kind.endswith("*") else FieldDescriptorProto.LABEL_OPTIONAL
        if plain in _KINDS:
            message.field.add(name=field, number=number, label=label, type=_KINDS[plain])
        else:
            of_kind = FieldDescriptorProto.TYPE_MESSAGE
            message.field.add(name=field, number=number, label=label, type=of_kind, type_name=f".prometheus.{plain}")
    return message


def _class(name: str) -> Any:  # noqa: ANN401 - made at run time
    return GetMessageClass(_pool.FindMessageTypeByName(f"prometheus.{name}"))


_file = FileDescriptorProto(name="breakwatch/remote_read.proto", package="prometheus", syntax="proto3")
_file.message_type.extend(_message(name, fields) for name, fields in _MESSAGES.items())
_pool = DescriptorPool()
_pool.Add(_file)

ReadRequest = _class("ReadRequest")
ChunkedReadResponse = _class("ChunkedReadResponse")
