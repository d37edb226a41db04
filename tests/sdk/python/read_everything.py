"""Reads everything that Lockstep serves by the unmodified WorkOS SDK, with only the base URL changed.

Arguments: base URL, API key, and a file with what must be found, as JSON. Ends with 0 where all of it was found.
"""

import json
import sys
from datetime import datetime, timedelta

import workos
from workos import WorkOSClient


def fail(what: str) -> None:
    sys.exit(f"read_everything.py: {what}")


def same(what: str, found: object, expected: object) -> None:
    if found != expected:
        fail(f"{what}: found {found!r}, expected {expected!r}")


def refused(what: str, error: type[Exception], call) -> Exception:
    try:
        call()
    except error as caught:
        return caught
    fail(f"{what}: it was not refused")
    raise AssertionError


def main(base_url: str, api_key: str, expected_path: str) -> None:
    with open(expected_path, encoding="utf-8") as file:
        expected = json.load(file)
    client = WorkOSClient(api_key=api_key, client_id="client_of_a_test", base_url=base_url, max_retries=0)

    made = client.organizations.create_organization(
        name="By the SDK", external_id="sdk-1", metadata={"tier": "gold"}
    )
    same("organization.name", made.name, "By the SDK")
    same("organization.metadata", made.metadata, {"tier": "gold"})
    same("get_organization", client.organizations.get_organization(made.id), made)
    same("by external id", client.organizations.get_organization_by_external_id("sdk-1"), made)
    changed = client.organizations.update_organization(made.id, name="Renamed")
    same("update_organization", (changed.name, changed.external_id), ("Renamed", "sdk-1"))
    listed = list(client.organizations.list_organizations(limit=1).auto_paging_iter())
    same("list_organizations", [row.id for row in listed], [made.id, expected["organization"]])

    sync = client.directory_sync
    directories = sync.list_directories(organization_id=expected["organization"]).data
    same("list_directories", [row.id for row in directories], [expected["directory"]])
    directory = sync.get_directory(expected["directory"])
    same("directory", (directory.organization_id, directory.state.value), (expected["organization"], "linked"))
    same("directory.type", directory.type.value, expected["type"])
    users = directory.metadata.users
    same("directory.metadata", (users.active, users.inactive), (expected["active"], expected["inactive"]))

    users = list(sync.list_users(directory=directory.id, limit=2).auto_paging_iter())
    same("list_users", [user.id for user in users], expected["users"])
    for user in users:
        same("get_user", sync.get_user(user.id), user)
        same("user.directory_id", user.directory_id, directory.id)
    ascending = list(sync.list_users(directory=directory.id, limit=2, order="asc").auto_paging_iter())
    same("list_users, oldest first", [user.id for user in ascending], expected["users"][::-1])
    person = sync.get_user(expected["person"]["id"])
    same("user.idp_id", person.idp_id, expected["person"]["idp_id"])
    same("user.email", person.email, expected["person"]["email"])
    same("user.name", (person.first_name, person.last_name), tuple(expected["person"]["name"]))
    same("user.state", person.state.value, "inactive")
    same("user.groups", [group.id for group in person.groups], [expected["group"]])
    same("by idp_id", [user.id for user in sync.list_users(directory=directory.id, idp_id=person.idp_id)], [person.id])
    same("by email", [user.id for user in sync.list_users(directory=directory.id, email=person.email)], [person.id])

    members = list(sync.list_users(group=expected["group"], limit=1).auto_paging_iter())
    same("list_users by group", [user.id for user in members], expected["members"])
    groups = list(sync.list_groups(directory=directory.id, limit=1).auto_paging_iter())
    same("list_groups", [group.id for group in groups], expected["groups"])
    same("get_group", sync.get_group(expected["group"]).name, expected["group_name"])
    own = list(sync.list_groups(user=person.id).auto_paging_iter())
    same("list_groups by user", [group.id for group in own], [expected["group"]])

    kinds = sorted({event["event"] for event in expected["events"]})
    for limit in (1, 3, 100):
        log = list(client.events.list_events(events=kinds, limit=limit).auto_paging_iter())
        found = [{"id": event.id, "event": event.event} for event in log]
        same(f"list_events, {limit} a page", found, expected["events"])
    log = client.events.list_events(events=["dsync.user.updated", "dsync.group.user_added"], limit=100).data
    for event in log:
        if event.event == "dsync.user.updated":
            same("updated user", event.data.id, person.id)
            same("previous_attributes", event.data.previous_attributes["state"], "active")
            same("updated state", event.data.state.value, "inactive")
        else:
            same("membership", event.data.group.id, expected["group"])
            if event.data.user.id not in expected["members"]:
                fail("membership: the user is no member")
    some = client.events.list_events(events=kinds, limit=2)
    rest = list(client.events.list_events(events=kinds, after=some.after, limit=100))
    same("after", [event.id for event in rest], [event["id"] for event in expected["events"][2:]])
    first: datetime = some.data[0].created_at
    late = client.events.list_events(events=kinds, range_start=first + timedelta(days=1))
    same("range_start", late.data, [])
    early = client.events.list_events(events=kinds, range_end=first)
    same("range_end", early.data, [])
    scoped = client.events.list_events(events=kinds, organization_id=made.id)
    same("organization_id", scoped.data, [])

    missing = refused("a user that is not there", workos.NotFoundError, lambda: sync.get_user("directory_user_none"))
    same("its code", missing.code, "entity_not_found")
    if not (missing.request_id or "").startswith("req_"):
        fail("a refusal names its request")
    wrong = refused(
        "an order that is none", workos.UnprocessableEntityError, lambda: sync.list_users(directory=directory.id, order="up")
    )
    same("its field", wrong.errors[0]["field"], "order")
    refused(
        "an external id twice",
        workos.ConflictError,
        lambda: client.organizations.create_organization(name="Twice", external_id="sdk-1"),
    )
    stranger = WorkOSClient(api_key="another key that is wrong", client_id="c", base_url=base_url, max_retries=0)
    refused("a wrong key", workos.AuthenticationError, lambda: stranger.directory_sync.list_directories())

    sync.delete_directory(directory.id)
    refused("a deleted directory", workos.NotFoundError, lambda: sync.get_directory(directory.id))
    last = list(client.events.list_events(events=["dsync.deleted"]))
    same("dsync.deleted", [event.data.id for event in last], [directory.id])
    print("read everything")


if __name__ == "__main__":
    main(*sys.argv[1:])
