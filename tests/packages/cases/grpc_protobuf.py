# /// script
# dependencies = ["grpcio", "googleapis-common-protos"]
# ///
import grpc
from google.rpc import status_pb2


def GET():
    return {"code": grpc.StatusCode.OK.name, "message": status_pb2.Status(message="x").message}
