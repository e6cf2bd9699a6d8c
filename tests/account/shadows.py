"""Writes shadows of things (`write NAME...`), or prints which shadows they have (`list NAME...`), as a JSON list."""

import json
import sys

import boto3

IOT = boto3.client("iot-data")
STATE = json.dumps({"state": {"reported": {"on": True}}})
NAMED = "settings"


def has(**which) -> bool:
    try:
        IOT.get_thing_shadow(**which)
    except IOT.exceptions.ResourceNotFoundException:
        return False
    return True


def main(what: str, *things: str) -> None:
    shadows = [which for thing in things for which in ({"thingName": thing}, {"thingName": thing, "shadowName": NAMED})]
    if what == "write":
        for which in shadows:
            IOT.update_thing_shadow(**which, payload=STATE)
    print(json.dumps(["/".join(which.values()) for which in shadows if has(**which)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
