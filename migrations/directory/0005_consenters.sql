-- Who may consent for an account is asked for a few people of a role at a time: of an account on which very many
-- hold other roles, none of those is read.
CREATE INDEX account_roles_of_role ON directory.account_roles (account_id, role, person_id);
