-- Lists are read in the order of an index, no further than they reach.

-- Those who may consent for an account are named in the order in which they were given their roles.
DROP INDEX directory.account_roles_of_role;
CREATE INDEX account_roles_of_role ON directory.account_roles (account_id, role, id);

-- Pages of those who hold a role on an account, and of the members of an organization.
CREATE INDEX account_roles_of_account ON directory.account_roles (account_id, id);
CREATE INDEX memberships_of_organization ON directory.memberships (organization_id, id);
