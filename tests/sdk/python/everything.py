"""Calls everything of the unmodified WorkOS SDK that Lockstep serves, with only the base URL changed.

Arguments: `sync` or `async` (which client of the SDK), base URL, API key, and a file with what must be found, as JSON.
Ends with 0 where all of it was found, and no method of the SDK was left out.
"""

import asyncio
import inspect
import json
import sys
from datetime import datetime, timedelta, timezone

import workos
from watched import Watched, left_out
from workos import AsyncWorkOSClient, WorkOSClient
from workos.common.models.organization_domain_data_state import OrganizationDomainDataState
from workos.events.models import EventSchemaUnknown
from workos.organizations.models import OrganizationDomainData


def fail(what: str) -> None:
    sys.exit(f"everything.py: {what}")


def same(what: str, found: object, expected: object) -> None:
    if found != expected:
        fail(f"{what}: found {found!r}, expected {expected!r}")


async def got(answer):
    """The answer of either client."""
    return await answer if inspect.isawaitable(answer) else answer


async def whole(answer) -> list:
    """All pages of a list."""
    pages = (await got(answer)).auto_paging_iter()
    return [thing async for thing in pages] if hasattr(pages, "__aiter__") else list(pages)


async def rows(page) -> list:
    """One page, by its own iterator."""
    return [thing async for thing in page] if hasattr(page, "__aiter__") else list(page)


async def ids(answer) -> list[str]:
    return [thing.id for thing in await whole(answer)]


async def refused(what: str, error: type[workos.WorkOSError], status: int, code: str, call):
    """The error that a call was answered with; its status, code and request are readable."""
    try:
        await got(call())
    except error as caught:
        same(f"{what}: its status and code", (caught.status_code, caught.code), (status, code))
        if not (caught.request_id or "").startswith("req_"):
            fail(f"{what}: it does not name its request: {caught.request_id!r}")
        if not caught.message or caught.message == "No message":
            fail(f"{what}: it has no message")
        return caught
    fail(f"{what}: it was not refused")
    raise AssertionError


async def pages_both_ways(what: str, call, expected: list[str]) -> None:
    """A list in all its orders, from both ends. `expected` is newest first."""
    same(f"{what}, as it comes", await ids(call(limit=2)), expected)
    same(f"{what}, newest first", await ids(call(limit=1, order="desc")), expected)
    same(f"{what}, oldest first", await ids(call(limit=2, order="asc")), expected[::-1])
    same(f"{what}, normal", [row.id for row in (await got(call(order="normal"))).data], expected)
    page = await got(call(limit=1, after=expected[0]))
    same(f"{what}, after", [row.id for row in await rows(page)], expected[1:2])
    same(f"{what}, before it", page.before, expected[1])
    back = await got(call(limit=1, before=page.before))
    same(f"{what}, before", [row.id for row in await rows(back)], expected[:1])
    same(f"{what}, nothing before that", back.before, None)
    if page.has_more() != (len(expected) > 2):
        fail(f"{what}: has_more() is {page.has_more()}")


async def organizations(client, expected: dict) -> None:
    room = client.organizations
    made = await got(
        room.create_organization(name="By the SDK", external_id="sdk/1 ü", metadata={"tier": "gold", "seats": "5"})
    )
    same("organization.name", made.name, "By the SDK")
    same("organization.metadata", made.metadata, {"tier": "gold", "seats": "5"})
    same("organization.object", made.object, "organization")
    same("get_organization", await got(room.get_organization(made.id)), made)
    same("by external id", await got(room.get_organization_by_external_id("sdk/1 ü")), made)
    changed = await got(room.update_organization(made.id, name="Renamed"))
    same("update_organization keeps", (changed.external_id, changed.metadata), (made.external_id, made.metadata))
    changed = await got(room.update_organization(made.id, metadata={"tier": "silver", "seats": ""}))
    same("metadata is merged", changed.metadata["tier"], "silver")
    changed = await got(room.update_organization(made.id, external_id="sdk-2"))
    same("external_id", changed.external_id, "sdk-2")
    changed = await got(room.update_organization(made.id, external_id=None, metadata=None))
    same("null takes away", (changed.external_id, changed.metadata), (None, {}))
    if changed.updated_at <= made.updated_at or changed.created_at != made.created_at:
        fail("update_organization: its times")
    bare = await got(room.create_organization(name="Bare", external_id=None, metadata=None))
    same("nothing given", (bare.external_id, bare.metadata, bare.domains), (None, {}, []))

    everybody = [bare.id, made.id, *expected["organizations"]]
    await pages_both_ways("list_organizations", room.list_organizations, everybody)
    same("search", await ids(room.list_organizations(search="RENAM")), [made.id])
    same("domains", await ids(room.list_organizations(domains=["nobody.example.com"])), [])


async def domains(client, expected: dict) -> None:
    room, own = client.organizations, client.organization_domains
    verified = lambda name: [OrganizationDomainData(domain=name, state=OrganizationDomainDataState.VERIFIED)]
    made = await got(
        room.create_organization(
            name="With domains", domain_data=verified("SDK.example.com"), allow_profiles_outside_organization=True
        )
    )
    (domain,) = made.domains
    same("domain", (domain.domain, domain.state.value), ("sdk.example.com", "verified"))
    same("domain.organization_id", domain.organization_id, made.id)
    same("allow_profiles_outside_organization", made.allow_profiles_outside_organization, True)
    same("get_organization_domain", await got(own.get_organization_domain(domain.id)), domain)
    same("verify_organization_domain", await got(own.verify_organization_domain(domain.id)), domain)
    named = room.list_organizations(domains=["sdk.example.com", "other.example.com"])
    same("organizations with a domain", await ids(named), [made.id])
    plain = await got(room.create_organization(name="Plain", domains=["plain.example.com"]))
    same("a domain without a state", [one.domain for one in plain.domains], ["plain.example.com"])
    plain = await got(room.update_organization(plain.id, domains=["other.example.com"], stripe_customer_id="cus_1"))
    same("other domains", [one.domain for one in plain.domains], ["other.example.com"])
    same("stripe_customer_id", plain.stripe_customer_id, "cus_1")
    changed = await got(
        room.update_organization(
            made.id, domain_data=verified("new.example.com"), allow_profiles_outside_organization=False
        )
    )
    same("domains are replaced", [one.domain for one in changed.domains], ["new.example.com"])
    same("and forbidden again", changed.allow_profiles_outside_organization, False)
    added = await got(own.create_organization_domain(domain="third.example.com", organization_id=made.id))
    same("an added domain", (added.state.value, added.organization_id), ("pending", made.id))
    check = lambda: own.verify_organization_domain(added.id)
    await refused("no DNS is asked", workos.BadRequestError, 400, "domain_verification_unavailable", check)
    twice = lambda: own.create_organization_domain(domain="third.example.com", organization_id=plain.id)
    await refused("a domain twice", workos.ConflictError, 409, "domain_already_used", twice)
    same("delete_organization_domain", await got(own.delete_organization_domain(added.id)), None)
    gone = lambda: own.get_organization_domain(added.id)
    await refused("a deleted domain", workos.NotFoundError, 404, "entity_not_found", gone)
    same("delete_organization", await got(room.delete_organization(plain.id)), None)
    gone = lambda: room.get_organization(plain.id)
    await refused("a deleted organization", workos.NotFoundError, 404, "entity_not_found", gone)
    await got(room.delete_organization(made.id))


async def retries(client) -> None:
    once = {"idempotency_key": "sdk-1"}
    first = await got(client.organizations.create_organization(name="Once", request_options=once))
    again = await got(client.organizations.create_organization(name="Once", request_options=once))
    same("the same request again makes nothing twice", again, first)
    other = lambda: client.organizations.create_organization(name="Another", request_options=once)
    await refused("another one by its key", workos.UnprocessableEntityError, 422, "invalid_request_parameters", other)
    await got(client.organizations.delete_organization(first.id))


async def directories(client, expected: dict) -> None:
    sync, directory_id = client.directory_sync, expected["directory"]
    owner = expected["organization"]
    await pages_both_ways("list_directories", sync.list_directories, expected["directories"])
    same("of an organization", await ids(sync.list_directories(organization_id=owner)), [directory_id])
    same("search", await ids(sync.list_directories(search="oKtA of")), [directory_id])
    same("domain", await ids(sync.list_directories(domain="nobody.example.com")), [])
    directory = await got(sync.get_directory(directory_id))
    same("directory", (directory.organization_id, directory.state.value), (owner, "linked"))
    same("directory.type", directory.type.value, expected["type"])
    same("directory.object", directory.object, "directory")
    pull = lambda: sync.create_directory_sync(directory_id)
    error = await refused(
        "nothing is pulled from an IdP that pushes",
        workos.UnprocessableEntityError, 422, "invalid_request_parameters", pull,
    )
    same("why", error.errors[0]["code"], "directory_sync_not_supported")
    metadata = directory.metadata
    same("users", (metadata.users.active, metadata.users.inactive), (expected["active"], expected["inactive"]))
    same("groups", metadata.groups, len(expected["groups"]))


async def users(client, expected: dict) -> None:
    sync, directory = client.directory_sync, expected["directory"]

    def listed(**named):
        return sync.list_users(directory=directory, **named)

    await pages_both_ways("list_users", listed, expected["users"])
    for user in await whole(listed()):
        same("get_user", await got(sync.get_user(user.id)), user)
        same("of", (user.directory_id, user.organization_id), (directory, expected["organization"]))
    wanted = expected["person"]
    person = await got(sync.get_user(wanted["id"]))
    for field in ("id", "idp_id", "email", "first_name", "last_name", "name", "job_title", "username"):
        same(f"user.{field}", getattr(person, field), wanted[field])
    same("user.state", person.state.value, "inactive")
    same("user.emails", [(mail.primary, mail.type, mail.value) for mail in person.emails], [tuple(wanted["mail"])])
    same("user.groups", [group.id for group in person.groups], [expected["group"]])
    roles = (person.role.slug, [role.slug for role in person.roles])
    same("user.role and user.roles", roles, (expected["role"], [expected["role"]]))
    same("user.raw_attributes", person.raw_attributes["userName"], wanted["username"])
    for name, value in wanted["custom_attributes"].items():
        same(f"user.custom_attributes.{name}", person.custom_attributes.get(name), value)
    same("by idp_id", await ids(listed(idp_id=person.idp_id)), [person.id])
    same("by email", await ids(listed(email=person.email.upper())), [person.id])
    same("by another email", await ids(listed(email="nobody@example.com")), [])
    same("of a group", await ids(sync.list_users(group=expected["group"], limit=1)), expected["members"])
    same("a hundred and more", len(await whole(sync.list_users(directory=expected["large"], limit=100))), 103)


async def groups(client, expected: dict) -> None:
    sync, directory = client.directory_sync, expected["directory"]
    await pages_both_ways(
        "list_groups", lambda **named: sync.list_groups(directory=directory, **named), expected["groups"]
    )
    group = await got(sync.get_group(expected["group"]))
    same("group.name", group.name, expected["group_name"])
    same("group.object", group.object, "directory_group")
    same("of", (group.directory_id, group.organization_id), (directory, expected["organization"]))
    same("group.idp_id", group.idp_id, expected["group_idp_id"])
    same("group.raw_attributes", group.raw_attributes["displayName"], expected["group_name"])
    same("of a user", await ids(sync.list_groups(user=expected["person"]["id"])), [group.id])


async def events(client, expected: dict) -> None:
    log, told = client.events, expected["events"]
    every = [event["id"] for event in told]
    kinds = sorted({event["event"] for event in told})
    for limit in (1, 3, 100):
        found = await whole(log.list_events(events=kinds, limit=limit))
        same(f"{limit} a page", [{"id": event.id, "event": event.event} for event in found], told)
    for event in found:
        # `dsync.user.created` is read as `DsyncUserCreated`, and nothing as an unknown event.
        own = "".join(part.capitalize() for word in event.event.split(".") for part in word.split("_"))
        same(f"the class of {event.event}", type(event).__name__, own)
        if isinstance(event, EventSchemaUnknown) or event.object != "event":
            fail(f"{event.event} is not known")
    updated = [event.data for event in found if event.event == "dsync.user.updated"]
    same("previous_attributes", [user.previous_attributes for user in updated], expected["previous_attributes"])
    renamed = [event.data for event in found if event.event == "dsync.group.updated"]
    same("a renamed group", [[one.name, one.previous_attributes["name"]] for one in renamed], expected["renamed"])
    for event in found:
        if event.event in ("dsync.group.user_added", "dsync.group.user_removed"):
            same("membership", (event.data.directory_id, bool(event.data.user.id)), (event.data.group.directory_id, True))
    some = await got(log.list_events(events=kinds, limit=2))
    rest = await whole(log.list_events(events=kinds, after=some.after, limit=100))
    same("after", [event.id for event in rest], [event["id"] for event in told[2:]])
    some = await got(log.list_events(events=kinds, limit=2, order="desc"))
    same("newest first", [event.id for event in some.data], [event["id"] for event in told[:-3:-1]])
    some = await got(log.list_events(events=kinds, limit=2, before=told[5]["id"]))
    same("before", [event.id for event in some.data], [event["id"] for event in told[3:5]])
    same("newest first, to the end", await ids(log.list_events(events=kinds, limit=100, order="desc")), every[::-1])
    same("one kind", {event.event for event in await whole(log.list_events(events=kinds[:1]))}, set(kinds[:1]))
    first, last = found[0].created_at, found[-1].created_at
    step = timedelta(milliseconds=1)
    utc = lambda time: time.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    await_ids = lambda **named: ids(log.list_events(events=kinds, limit=100, **named))
    same("range_start", await await_ids(range_start=last + step), [])
    same("range_start as text", await await_ids(range_start=utc(first)), every)
    same("range_end", await await_ids(range_end=first), [])
    same("range_end as text", await await_ids(range_end=utc(last + step)), every)
    between = await await_ids(range_start=first, range_end=last)
    same("a range without its end", between, [event.id for event in found if event.created_at < last])
    same("of an organization", await await_ids(organization_id=expected["organization"]), expected["events_of"])


async def errors(client, other, expected: dict) -> None:
    sync, log, room = client.directory_sync, client.events, client.organizations
    unknown = {
        "a user": lambda: sync.get_user("directory_user_none"),
        "a group": lambda: sync.get_group("directory_group_none"),
        "a directory": lambda: sync.get_directory("directory_none"),
        "an organization": lambda: room.get_organization("org_none"),
        "an external id": lambda: room.get_organization_by_external_id("nobody's"),
        "a list of a directory": lambda: sync.list_users(directory="directory_none"),
        "a list of a group": lambda: sync.list_users(group="directory_group_none"),
        "a list of a user": lambda: sync.list_groups(user="directory_user_none"),
    }
    for what, call in unknown.items():
        await refused(f"{what} that is not there", workos.NotFoundError, 404, "entity_not_found", call)
    directory = expected["directory"]
    wrong = {
        "order": lambda: sync.list_users(directory=directory, order="up"),
        "limit": lambda: sync.list_users(directory=directory, limit=101),
        "after": lambda: sync.list_users(directory=directory, after="x"),
        "before": lambda: sync.list_users(directory=directory, before=directory),
        "directory": lambda: sync.list_users(),
        "events": lambda: log.list_events(events=["dsync.user.married"]),
        "range_end": lambda: log.list_events(
            events=[], range_start=datetime(2026, 1, 2, tzinfo=timezone.utc), range_end="2026-01-01T00:00:00Z"
        ),
        "name": lambda: room.create_organization(name=" "),
        "metadata": lambda: room.create_organization(name="x", metadata={"x": "y" * 10_000}),
    }
    for field, call in wrong.items():
        try:
            await got(call())
        except workos.UnprocessableEntityError as caught:
            same(f"the field that is wrong, {caught}", [error["field"] for error in caught.errors], [field])
            for error in caught.errors:
                if not (error["code"] and error["message"]):
                    fail(f"{field}: its code and message")
        else:
            fail(f"a wrong `{field}` was not refused")
    taken = expected["external_id"]
    call = lambda: room.create_organization(name="Twice", external_id=taken)
    await refused("an external id twice", workos.ConflictError, 409, "external_id_already_used", call)

    stranger = other("another key that is wrong")
    listed = stranger.directory_sync.list_directories
    await refused("a wrong key", workos.AuthenticationError, 401, "unauthorized", listed)
    limited = other(expected["limited_key"])
    same("what a key reaches", await ids(limited.organizations.list_organizations()), [expected["organization"]])
    made = lambda: limited.organizations.create_organization(name="Beyond its reach")
    await refused("what a key may not do", workos.AuthorizationError, 403, "forbidden", made)
    beyond = lambda: limited.directory_sync.get_directory(expected["large"])
    await refused("what a key does not reach", workos.NotFoundError, 404, "entity_not_found", beyond)


async def endings(client, expected: dict) -> None:
    sync, directory = client.directory_sync, expected["directory"]
    same("delete_directory", await got(sync.delete_directory(directory)), None)
    gone = lambda: sync.get_directory(directory)
    await refused("a deleted directory", workos.NotFoundError, 404, "entity_not_found", gone)
    last = await whole(client.events.list_events(events=["dsync.deleted"]))
    same("dsync.deleted", [(type(event).__name__, event.data.id) for event in last], [("DsyncDeleted", directory)])


async def main(kind: str, base_url: str, api_key: str, expected_path: str) -> None:
    with open(expected_path, encoding="utf-8") as file:
        expected = json.load(file)
    client_class = {"sync": WorkOSClient, "async": AsyncWorkOSClient}[kind]
    calls: dict[str, set[str]] = {}

    def client_with(key: str):
        return client_class(api_key=key, client_id="client_of_a_test", base_url=base_url, max_retries=0)

    plain = client_with(api_key)
    client = Watched(plain, calls)
    for room in (directories, users, groups, events, organizations, domains):
        await room(client, expected)
    await retries(client)
    await errors(client, client_with, expected)
    await endings(client, expected)
    findings = left_out(plain, calls)
    if findings:
        fail("of the SDK:\n" + "\n".join(findings))
    print(f"called {len(calls)} methods")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
