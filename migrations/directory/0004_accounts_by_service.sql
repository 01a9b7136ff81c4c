-- A page of a service's accounts is read in its order, without those of other services.
CREATE INDEX accounts_service ON directory.accounts (service, id);
