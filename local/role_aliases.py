"""A stand-in: keeps AWS IoT's role aliases, which the emulator lacks.

They can be made, read, changed, listed and deleted, as fleets with Greengrass V2 do. Nothing exchanges a certificate for
credentials here: the emulator has no credentials provider.
"""

import json

from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    get_account_id,
    get_region,
    json_response,
)
from ministack.services import iot

PATH = "/role-aliases"

ALIASES = AccountRegionScopedDict()


def described(name: str) -> dict:
    arn = f"arn:aws:iot:{get_region()}:{get_account_id()}:rolealias/{name}"
    return {"roleAlias": name, "roleAliasArn": arn, "roleArn": ALIASES[name]}


def answer(method: str, name: str, body: bytes) -> tuple:
    if not name:
        return json_response({"roleAliases": [alias for alias in ALIASES]})
    if method == "POST":
        if name in ALIASES:
            return error_response_json("ResourceAlreadyExistsException", f"Role alias {name} already exists", 409)
        ALIASES[name] = json.loads(body)["roleArn"]
        return json_response(described(name))
    if name not in ALIASES:
        return error_response_json("ResourceNotFoundException", f"Role alias {name} does not exist", 404)
    if method == "PUT":
        ALIASES[name] = json.loads(body)["roleArn"]
    elif method == "DELETE":
        del ALIASES[name]
        return json_response({})
    return json_response({"roleAliasDescription": described(name)} if method == "GET" else described(name))


def install() -> None:
    route = iot._route_request

    async def with_role_aliases(method, path, headers, body, query_params):
        if path == PATH or path.startswith(f"{PATH}/"):
            return answer(method, path[len(PATH) + 1 :], body)
        return await route(method, path, headers, body, query_params)

    iot._route_request = with_role_aliases
