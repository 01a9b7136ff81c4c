//! What was tried against the system, and what it must go on doing meanwhile. An attack a file, in seconds each.

#![allow(clippy::unwrap_used, reason = "tests")]

mod accounts;
mod another_service;
mod answers_between_services;
mod audit_full;
mod credentials;
mod forged_event;
mod guesses;
mod half_sent_bodies;
mod health;
mod idle_sockets;
mod jetstream_api;
mod jwts;
mod large_app;
mod lost_view;
mod memberships;
mod nats_credentials;
mod nats_disk;
mod refusals;
mod streams_away;
mod subscriber_overtaken;
mod token_rates;
mod two_credentials;
mod unread_answers;
mod wire;
