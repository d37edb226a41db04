// Calls everything of the unmodified WorkOS SDK that Lockstep serves, with only the address changed.
//
// Arguments: base URL, API key, and a file with what must be found, as JSON. Ends with 0 where all of it was found, and no
// method of the SDK was left out.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DomainDataState, WorkOS } from '@workos-inc/node';
import { leftOut, missing, watched } from './watched.mjs';

const [baseUrl, apiKey, expectedPath] = process.argv.slice(2);
const { hostname, port } = new URL(baseUrl);
const expected = JSON.parse(readFileSync(expectedPath, 'utf8'));

const ids = (rows) => rows.map((row) => row.id);
const clientWith = (key) => new WorkOS(key, { https: false, apiHostname: hostname, port: Number(port) });

/** Fields that the SDK reads and that need not be there: they are optional as published. */
const OPTIONAL = new Set(['data.context']);

/** All fields that the SDK looks for were there. */
function whole(what, value) {
  const lacking = missing(value).filter((path) => !OPTIONAL.has(path));
  assert.deepEqual(lacking, [], `${what}: fields that the SDK reads and that were not answered`);
  return value;
}

async function refused(what, name, status, call, more = {}) {
  const error = await call().then(
    () => assert.fail(`${what}: it was not refused`),
    (caught) => caught,
  );
  const found = { name: error.name, status: error.status };
  assert.deepEqual(found, { name, status }, `${what}: ${error.stack}`);
  assert.ok(error.message, `${what}: it has no message`);
  for (const [field, value] of Object.entries(more)) assert.deepEqual(error[field], value, `${what}: ${field}`);
  return error;
}

/** A list in its orders, from both ends. `all` is newest first. */
async function pagesBothWays(what, list, all) {
  assert.deepEqual(ids((await list({})).data), all, what);
  assert.deepEqual(ids((await list({ order: 'desc' })).data), all, `${what}, newest first`);
  assert.deepEqual(ids((await list({ order: 'asc' })).data), [...all].reverse(), `${what}, oldest first`);
  const page = await list({ limit: 1, after: all[0] });
  assert.deepEqual(ids(page.data), all.slice(1, 2), `${what}, after`);
  const back = await list({ limit: 1, before: page.listMetadata.before });
  assert.deepEqual(ids(back.data), all.slice(0, 1), `${what}, before`);
  assert.equal(back.listMetadata.before, null, `${what}, nothing before that`);
}

async function organizations({ organizations: room }) {
  const metadata = { tier: 'gold', seats: '5' };
  const made = whole('an organization', await room.createOrganization({ name: 'By the SDK', externalId: 'sdk 1 ü', metadata }));
  assert.deepEqual([made.name, made.externalId, made.metadata], ['By the SDK', 'sdk 1 ü', metadata]);
  assert.deepEqual(await room.getOrganization(made.id), made);
  assert.deepEqual(await room.getOrganizationByExternalId('sdk 1 ü'), made);
  const renamed = await room.updateOrganization({ organization: made.id, name: 'Renamed' });
  assert.deepEqual([renamed.externalId, renamed.metadata], ['sdk 1 ü', metadata], 'what is not sent stays');
  const changed = await room.updateOrganization({ organization: made.id, externalId: 'sdk-2', metadata: { tier: 'silver' } });
  assert.deepEqual([changed.externalId, changed.metadata], ['sdk-2', { tier: 'silver', seats: '5' }]);
  const emptied = await room.updateOrganization({ organization: made.id, externalId: null, metadata: { tier: null } });
  assert.deepEqual([emptied.externalId, emptied.metadata], [null, { seats: '5' }], 'null takes away');
  const bare = await room.createOrganization({ name: 'Bare', externalId: null });
  assert.deepEqual([bare.externalId, bare.metadata, bare.domains], [null, {}, []]);
  await pagesBothWays('organizations', (options) => room.listOrganizations(options), [bare.id, made.id, ...expected.organizations]);
  assert.deepEqual((await room.listOrganizations({ domains: ['nobody.example.com', 'x.example.com'] })).data, []);
}

async function domains({ organizations: room, organizationDomains: own }) {
  const verified = (domain) => [{ domain, state: DomainDataState.Verified }];
  const made = whole('with domains', await room.createOrganization({ name: 'With domains', domainData: verified('SDK.example.com') }));
  const [domain] = made.domains;
  assert.deepEqual([domain.domain, domain.state, domain.organizationId], ['sdk.example.com', 'verified', made.id]);
  assert.deepEqual(await own.get(domain.id), domain);
  assert.deepEqual(await own.verify(domain.id), domain);
  assert.deepEqual(ids((await room.listOrganizations({ domains: ['sdk.example.com'] })).data), [made.id]);
  const options = { organization: made.id, domainData: verified('new.example.com'), stripeCustomerId: 'cus_1' };
  const changed = await room.updateOrganization(options);
  assert.deepEqual([changed.domains.map((one) => one.domain), changed.stripeCustomerId], [['new.example.com'], 'cus_1']);
  const added = await own.create({ domain: 'third.example.com', organizationId: made.id });
  assert.deepEqual([added.state, added.organizationId], ['pending', made.id]);
  const twice = () => own.create({ domain: 'third.example.com', organizationId: made.id });
  await refused('a domain twice', 'ConflictException', 409, twice);
  assert.equal(await own.delete(added.id), undefined);
  await refused('a deleted domain', 'NotFoundException', 404, () => own.get(added.id));
  assert.equal(await room.deleteOrganization(made.id), undefined);
  await refused('a deleted organization', 'NotFoundException', 404, () => room.getOrganization(made.id));
}

async function retries({ organizations: room }) {
  const once = { idempotencyKey: 'sdk-1' };
  const first = await room.createOrganization({ name: 'Once' }, once);
  assert.deepEqual(await room.createOrganization({ name: 'Once' }, once), first, 'nothing is made twice');
  await room.deleteOrganization(first.id);
}

async function directories({ directorySync: room }) {
  await pagesBothWays('directories', (options) => room.listDirectories(options), expected.directories);
  const listed = async (options) => ids((await room.listDirectories(options)).data);
  assert.deepEqual(await listed({ organizationId: expected.organization }), [expected.directory]);
  assert.deepEqual(await listed({ search: 'oKtA of' }), [expected.directory]);
  const directory = whole('a directory', await room.getDirectory(expected.directory));
  // The SDK says `active` where the API says `linked`.
  const { organizationId, state, type } = directory;
  assert.deepEqual([organizationId, state, type], [expected.organization, 'active', expected.type]);
}

async function users({ directorySync: room }) {
  const { directory, person: wanted } = expected;
  await pagesBothWays('users', (options) => room.listUsers({ directory, ...options }), expected.users);
  for (const user of (await room.listUsers({ directory })).data) {
    assert.deepEqual(whole('a user', await room.getUser(user.id)), user);
    assert.deepEqual([user.directoryId, user.organizationId], [directory, expected.organization]);
  }
  const person = await room.getUser(wanted.id);
  const found = [person.idpId, person.email, person.firstName, person.lastName, person.state];
  assert.deepEqual(found, [wanted.idp_id, wanted.email, wanted.first_name, wanted.last_name, 'inactive']);
  assert.deepEqual(ids(person.groups), [expected.group]);
  assert.deepEqual([person.role, person.roles], [{ slug: expected.role }, [{ slug: expected.role }]]);
  assert.equal(person.rawAttributes.userName, wanted.username);
  for (const [name, value] of Object.entries(wanted.custom_attributes)) {
    assert.equal(person.customAttributes[name], value, name);
  }
  assert.deepEqual(ids((await room.listUsers({ group: expected.group })).data), expected.members);
  // Walking on from a part that was asked for by `before`, the SDK sends both cursors.
  const before = await (await room.listUsers({ directory, before: expected.users[2] })).autoPagination();
  assert.deepEqual(ids(before), expected.users.slice(0, 2), 'before, page by page');
  const everybody = await (await room.listUsers({ directory: expected.large })).autoPagination();
  assert.equal(new Set(ids(everybody)).size, 103, 'a hundred and more, page by page');
}

async function groups({ directorySync: room }) {
  const { directory } = expected;
  await pagesBothWays('groups', (options) => room.listGroups({ directory, ...options }), expected.groups);
  const group = whole('a group', await room.getGroup(expected.group));
  assert.deepEqual([group.name, group.idpId], [expected.group_name, expected.group_idp_id]);
  assert.deepEqual([group.directoryId, group.organizationId], [directory, expected.organization]);
  assert.deepEqual(ids((await room.listGroups({ user: expected.person.id })).data), [group.id]);
}

async function events({ events: log }) {
  const kinds = [...new Set(expected.events.map((event) => event.event))];
  const read = [];
  for (let after; ; ) {
    const page = await log.listEvents({ events: kinds, limit: 50, after });
    if (page.data.length === 0) break;
    read.push(...page.data);
    after = page.listMetadata.after;
  }
  assert.deepEqual(read.map(({ id, event }) => ({ id, event })), expected.events);
  for (const event of read) whole(event.event, event);
  const newest = (await log.listEvents({ events: kinds, limit: 2, order: 'desc' })).data;
  assert.deepEqual(ids(newest), ids(expected.events).slice(-2).reverse());
  const of = (kind) => read.filter((event) => event.event === kind).map((event) => event.data);
  assert.deepEqual(of('dsync.user.updated').map((user) => user.previousAttributes), expected.previous_attributes);
  const renamed = of('dsync.group.updated').map((group) => [group.name, group.previousAttributes.name]);
  assert.deepEqual(renamed, expected.renamed);
  assert.deepEqual([...new Set((await log.listEvents({ events: ['dsync.activated'] })).data.map((event) => event.event))], ['dsync.activated']);
  const [first, last] = [read[0].createdAt, read.at(-1).createdAt];
  const ranged = async (options) => ids((await log.listEvents({ events: kinds, limit: 100, ...options })).data);
  const inRange = expected.events.filter((_, at) => read[at].createdAt < last).map((event) => event.id);
  assert.deepEqual(await ranged({ rangeStart: first, rangeEnd: last }), inRange.slice(0, 100));
  assert.deepEqual(await ranged({ rangeEnd: first }), []);
  assert.deepEqual(await ranged({ organizationId: expected.organization }), expected.events_of);
}

async function errors({ directorySync: sync, events: log, organizations: room }) {
  const notThere = { code: 'entity_not_found' };
  const unknown = {
    'a user': () => sync.getUser('directory_user_none'),
    'a group': () => sync.getGroup('directory_group_none'),
    'a directory': () => sync.getDirectory('directory_none'),
    'an organization': () => room.getOrganization('org_none'),
    'an external id': () => room.getOrganizationByExternalId("nobody's"),
  };
  for (const [what, call] of Object.entries(unknown)) await refused(what, 'NotFoundException', 404, call, notThere);
  const { directory } = expected;
  const wrong = {
    invalid_order: () => sync.listUsers({ directory, order: 'up' }),
    invalid_limit: () => sync.listUsers({ directory, limit: 101 }),
    invalid_cursor: () => sync.listUsers({ directory, after: 'x' }),
    invalid_event: () => log.listEvents({ events: ['dsync.user.married'] }),
    invalid_text: () => room.createOrganization({ name: ' ' }),
    invalid_metadata: () => room.createOrganization({ name: 'x', metadata: { x: 5 } }),
  };
  for (const [code, call] of Object.entries(wrong)) {
    const error = await refused(code, 'UnprocessableEntityException', 422, call);
    // The SDK makes its message of the codes of what is wrong.
    assert.ok(error.message.includes(`\t${code}\n`), `${code}: ${error.message}`);
  }
  const twice = () => room.createOrganization({ name: 'Twice', externalId: expected.external_id });
  await refused('an external id twice', 'ConflictException', 409, twice);
  const stranger = clientWith('another key that is wrong');
  await refused('a wrong key', 'UnauthorizedException', 401, () => stranger.directorySync.listDirectories());
  const limited = clientWith(expected.limited_key);
  assert.deepEqual(ids((await limited.organizations.listOrganizations()).data), [expected.organization]);
  const beyond = () => limited.organizations.createOrganization({ name: 'Beyond its reach' });
  const { rawData } = await refused('what a key may not do', 'GenericServerException', 403, beyond);
  assert.equal(rawData.code, 'forbidden');
  await refused('what a key does not reach', 'NotFoundException', 404, () => limited.directorySync.getDirectory(expected.large), notThere);
  // Half a character is JSON for the SDK, and no text for anybody.
  const half = () => room.createOrganization({ name: '\ud800' });
  assert.equal((await refused('half a character', 'BadRequestException', 400, half)).code, 'bad_request');
}

async function endings({ directorySync: sync, events: log }) {
  const { directory } = expected;
  assert.equal(await sync.deleteDirectory(directory), undefined);
  await refused('a deleted directory', 'NotFoundException', 404, () => sync.getDirectory(directory));
  const last = (await log.listEvents({ events: ['dsync.deleted'] })).data;
  assert.deepEqual(last.map((event) => [event.event, whole('dsync.deleted', event).data.id]), [['dsync.deleted', directory]]);
}

const calls = {};
const plain = clientWith(apiKey);
const client = watched(plain, calls);
for (const room of [directories, users, groups, events, organizations, domains, retries, errors, endings]) await room(client);
const entry = fileURLToPath(import.meta.resolve('@workos-inc/node'));
assert.deepEqual(leftOut(plain, calls, entry), [], 'of the SDK');
console.log(`called ${Object.keys(calls).length} methods`);
