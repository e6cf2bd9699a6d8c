"""A stand-in: lists the named shadows of a thing, a call of AWS IoT's data plane that the emulator lacks. It keeps them."""

from ministack.core.responses import json_response
from ministack.services import iot, iot_data

PATH = "/api/things/shadow/ListNamedShadowsForThing/"


def names(thing: str) -> list:
    kept = ((owner, name) for (owner, name), shadow in list(iot._shadows.items()) if not shadow.get("deleted"))
    return sorted(name for owner, name in kept if owner == thing and name)


def install() -> None:
    handle = iot_data.handle_request

    async def with_lists(method, path, headers, body, query_params):
        if method == "GET" and path.startswith(PATH):
            return json_response({"results": names(path[len(PATH) :])})
        return await handle(method, path, headers, body, query_params)

    iot_data.handle_request = with_lists
