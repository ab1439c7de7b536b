//! Directory roles by the ids that their templates have in every directory.

use tierline_domain::admin::DirectoryRole;

/// The id of a role's template.
pub(crate) const fn definition(role: DirectoryRole) -> &'static str {
    match role {
        DirectoryRole::DirectoryReader => "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
        DirectoryRole::DirectoryWriter => "9360feb5-f418-4baa-8175-e2a00bac4301",
        DirectoryRole::LicenseAdministrator => "4d6ac14f-3453-41d0-bef9-a3e0c569773a",
        DirectoryRole::ServiceSupportAdministrator => "f023fd81-a637-4b56-95fd-791ac0226033",
        DirectoryRole::UserAdministrator => "fe930be7-5e62-47db-91af-98c3a49a38b1",
        DirectoryRole::PrivilegedRoleAdministrator => "e8611ab8-c189-46e8-94e1-60213ab1f814",
        DirectoryRole::HelpdeskAdministrator => "729827e3-9c14-49f7-bb1b-9608f156bbb8",
        DirectoryRole::PrivilegedAuthenticationAdministrator => {
            "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
        }
        DirectoryRole::GlobalReader => "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
        DirectoryRole::CloudApplicationAdministrator => "158c047a-c907-4556-b7ef-446551a6b5f7",
        DirectoryRole::ApplicationAdministrator => "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
        DirectoryRole::GlobalAdministrator => "62e90394-69f5-4237-9190-012177145e10",
    }
}

/// The role of a template.
pub(crate) fn of_definition(id: &str) -> Option<DirectoryRole> {
    DirectoryRole::ALL
        .iter()
        .copied()
        .find(|role| definition(*role).eq_ignore_ascii_case(id))
}

/// A role's name as the wire shows it: the id of its template, or the name itself of one that is not built in.
pub(crate) fn shown(name: &str) -> String {
    match name.parse::<DirectoryRole>() {
        Ok(role) => definition(role).to_owned(),
        Err(_) => name.to_owned(),
    }
}

/// A role's name from the id on the wire; an unknown id stays as it is, and is no built-in role (GDA-005).
pub(crate) fn named(id: &str) -> String {
    of_definition(id).map_or_else(|| id.to_owned(), |role| role.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_an_id_of_its_own() {
        for role in DirectoryRole::ALL {
            assert_eq!(of_definition(definition(*role)), Some(*role));
            assert_eq!(named(&shown(role.as_str())), role.as_str());
        }
        assert_eq!(of_definition("00000000-0000-0000-0000-000000000000"), None);
    }
}
