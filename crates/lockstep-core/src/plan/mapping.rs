//! What happens to a directory's mapping, and to what was made of its users when that changes; and which roles follow from
//! who joins and leaves which group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Draft, Plan, Planned};
use crate::command::{Refusal, Reply};
use crate::id::{GroupId, LocalId, RequestId};
use crate::mapping::{
    DirectoryMapping, MappingChange, Projection, Refused, RoleMapping, STANDARD_VERSION, demand_attributes,
    demand_roles,
};
use crate::model::{Directory, User};
use crate::schemas::Sweep;
use crate::settings::Setting;
use crate::view::Step;

impl Draft<'_> {
    pub(super) fn change_mapping(mut self, directory: &Arc<Directory>, change: &MappingChange) -> Planned {
        let before = self.view.mapping()?.clone();
        let mut mapping = DirectoryMapping::clone(&before);
        match change {
            MappingChange::Organization(attributes) => mapping.organization.clone_from(attributes),
            MappingChange::Own(attributes) => mapping.own.clone_from(attributes),
            MappingChange::Roles(roles) => mapping.roles.clone_from(roles),
        }
        if mapping == *before {
            return Ok(self.done(Reply::Mapping(before)));
        }
        match change {
            MappingChange::Organization(attributes) | MappingChange::Own(attributes) => {
                demand_attributes(attributes).map_err(Refusal::from)?;
            }
            MappingChange::Roles(roles) => {
                demand_roles(roles).map_err(Refusal::from)?;
                self.demand_groups(roles, &before.roles)?;
            }
        }
        // Roles follow from the groups alone, and no request is read by them.
        let is_reread = (&mapping.organization, &mapping.own) != (&before.organization, &before.own);
        let next = Directory {
            terms_version: directory.terms_version + u64::from(is_reread),
            maps_roles: !mapping.roles.is_empty(),
            updated_at: self.context.now.max(directory.updated_at),
            sweep: self.reprojecting(directory),
            ..Directory::clone(directory)
        };
        let mapping = Arc::new(mapping);
        self.steps.push(Step::Mapping(mapping.clone()));
        self.steps.push(Step::Directory(Arc::new(next)));
        Ok(self.done(Reply::Mapping(mapping)))
    }

    /// Every group that is named anew is there: who names one that went would wait for what never comes. One that went while
    /// it was named is no hindrance, so that what is shown can be sent back with a change.
    fn demand_groups(&self, roles: &RoleMapping, before: &RoleMapping) -> Planned<()> {
        let known: BTreeSet<LocalId> = before.groups().collect();
        let named: BTreeSet<LocalId> = roles.groups().filter(|group| !known.contains(group)).collect();
        let found = self.view.groups(named.iter().copied())?;
        let live: BTreeSet<LocalId> =
            found.iter().filter(|group| !group.is_ended()).map(|group| group.id).collect();
        let directory = self.context.envelope.directory;
        let unknown: Vec<GroupId> =
            named.difference(&live).map(|group| GroupId { directory, local: *group }).collect();
        if unknown.is_empty() { Ok(()) } else { Err(Refusal::from(Refused::UnknownGroups(unknown)).into()) }
    }

    /// Begins to make all users anew where a newer version maps more of them by itself.
    pub(super) fn reproject(mut self, directory: &Arc<Directory>) -> Plan {
        if directory.standard_version >= STANDARD_VERSION {
            return self.done(Reply::Step { more: false });
        }
        let next = Directory {
            standard_version: STANDARD_VERSION,
            sweep: self.reprojecting(directory),
            ..Directory::clone(directory)
        };
        let more = next.sweep.is_some();
        self.steps.push(Step::Directory(Arc::new(next)));
        self.done(Reply::Step { more })
    }

    /// What must be followed once what is made of users changes: all of them are gone through, with whatever else was to
    /// be done already. Nothing more where there are none.
    pub(super) fn reprojecting(&self, directory: &Directory) -> Option<Arc<Sweep>> {
        if self.head.users_active + self.head.users_inactive == 0 {
            return directory.sweep.clone();
        }
        let sweep = Sweep::anew(directory.sweep.as_deref(), self.context.envelope.request);
        Some(Arc::new(Sweep { reproject: true, ..sweep }))
    }

    /// What applications read of a user with no groups: in a directory that gives a role to everybody, that one.
    pub(super) fn roles_without_groups(&self) -> Planned<Vec<String>> {
        if !self.maps_roles()? {
            return Ok(Vec::new());
        }
        Ok(self.view.mapping()?.roles.roles_of(&BTreeSet::new()))
    }

    fn maps_roles(&self) -> Planned<bool> {
        Ok(self.view.directory()?.is_some_and(|directory| directory.maps_roles))
    }

    /// The mapping as it is now, where being in one of these groups may give a role.
    pub(super) fn roles_by(
        &self,
        groups: impl IntoIterator<Item = LocalId>,
    ) -> Planned<Option<Arc<DirectoryMapping>>> {
        if !self.maps_roles()? {
            return Ok(None);
        }
        let mapping = self.view.mapping()?;
        let concerned = groups.into_iter().any(|group| mapping.roles.concerns(group));
        Ok(concerned.then(|| mapping.clone()))
    }

    /// The same for one group and its members, of whom everything is at hand then that [`Draft::settle_member`] asks for.
    pub(super) fn roles_of_members(
        &self,
        group: LocalId,
        members: impl Iterator<Item = LocalId> + Clone,
    ) -> Planned<Option<Arc<DirectoryMapping>>> {
        let roles = self.roles_by([group])?;
        if roles.is_some() {
            self.view.users_with_groups(members)?;
        }
        Ok(roles)
    }

    /// Lets the roles that this group may give follow in steps from who is in it then.
    pub(super) fn settle_later(&mut self, group: LocalId) -> Planned<()> {
        if let (Some(_), Some(directory)) = (self.roles_by([group])?, self.view.directory()?) {
            let next = Directory { sweep: self.reprojecting(directory), ..Directory::clone(directory) };
            self.steps.push(Step::Directory(Arc::new(next)));
        }
        Ok(())
    }

    /// Tells the roles of a member that joined or left the group just now, where they are others.
    pub(super) fn settle_member(
        &mut self,
        request: RequestId,
        mapping: &DirectoryMapping,
        (group, member): (LocalId, LocalId),
        joined: bool,
    ) -> Planned<()> {
        // Invariant: a member exists.
        let user = self.view.user(member)?.cloned().ok_or(Refusal::Fault)?;
        let groups = after(self.view.groups_of(member)?, &BTreeMap::from([(group, joined)]));
        self.settle_roles(request, mapping, &user, &groups);
        Ok(())
    }

    /// Tells the roles of a user who is in these groups now, where they are others; the user as it is then.
    pub(super) fn settle_roles(
        &mut self,
        request: RequestId,
        mapping: &DirectoryMapping,
        user: &Arc<User>,
        groups: &BTreeSet<LocalId>,
    ) -> Arc<User> {
        let roles = mapping.roles.roles_of(groups);
        let made = user.projection();
        if made.roles == roles {
            return user.clone();
        }
        let made = Projection { roles, ..made.into_owned() };
        let next = self.user_as(user, user.doc.clone(), made);
        self.tell_user_for(request, user, next)
    }
}

/// The groups with those that are joined (true) and without those that are left.
pub(super) fn after(mut groups: BTreeSet<LocalId>, delta: &BTreeMap<LocalId, bool>) -> BTreeSet<LocalId> {
    for (group, joins) in delta {
        if *joins {
            groups.insert(*group);
        } else {
            groups.remove(group);
        }
    }
    groups
}

/// Whether what a contract maps by itself may be something else from one to the other.
pub(super) fn maps_otherwise(before: &Directory, after: &Directory) -> bool {
    let is_strict = |directory: &Directory| directory.settings.has(Setting::StrictRfc);
    before.contract != after.contract || is_strict(before) != is_strict(after)
}
