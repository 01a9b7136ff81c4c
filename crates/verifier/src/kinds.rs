//! Where an event stands: whether its type belongs in the stream it is in, and who writes it.

use contract::{Service, kinds};

/// Where an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a stream of the kind in which its type belongs, by the service that writes that.
    Own,
    /// Its type, of which only the rule says that it may be there.
    Unknown(Box<str>),
    /// It belongs elsewhere, in words.
    Wrong(Box<str>),
}

/// Whether this service records an event of this type in a stream of this kind.
pub(crate) fn place(source: Service, kind: &str, event_type: &str) -> Place {
    let Some((own, is_known)) = kinds::stream_kind(event_type) else {
        let what = format!("its type is `{event_type}`, not mandate.<kind>.<event>.v<n>");
        return Place::Wrong(what.into());
    };
    if own != kind {
        let what = format!(
            "its type is `{event_type}`, which belongs in a stream of {own}, not of {kind}"
        );
        return Place::Wrong(what.into());
    }
    let is_own = source.aggregates().contains(&kind);
    if !is_own && Service::ALL.iter().any(|it| it.aggregates().contains(&kind)) {
        return Place::Wrong(format!("{source} records no events of {kind}").into());
    }
    if is_own && is_known { Place::Own } else { Place::Unknown(event_type.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_stands_with_its_writer_alone() {
        for event in contract::facts::all() {
            for service in Service::ALL {
                let place = place(service, event.aggregate, event.name);
                let is_own = service.aggregates().contains(&event.aggregate);
                assert_eq!(place == Place::Own, is_own, "{} by {service}", event.name);
            }
        }
    }

    #[test]
    fn what_later_versions_record_is_unknown_and_what_stands_elsewhere_is_wrong() {
        let of = |kind, name| place(Service::AppRegistry, kind, name);
        assert_eq!(
            of("app", "mandate.app.created.v2"),
            Place::Unknown("mandate.app.created.v2".into())
        );
        assert!(matches!(of("unicorn", "mandate.unicorn.seen.v1"), Place::Unknown(_)));
        for (kind, name, why) in [
            ("app", "mandate.key.created.v1", "belongs in a stream of key, not of app"),
            ("key", "mandate.app.created.v1", "belongs in a stream of app, not of key"),
            ("key", "mandate.key.created.v1", "app-registry records no events of key"),
            ("key", "mandate.key.frozen.v7", "app-registry records no events of key"),
            ("app", "app.created", "not mandate.<kind>.<event>.v<n>"),
            ("app", "mandate.app.created.v", "not mandate.<kind>.<event>.v<n>"),
            ("app", "mandate.app.created.v1.2", "not mandate.<kind>.<event>.v<n>"),
        ] {
            match of(kind, name) {
                Place::Wrong(what) => assert!(what.contains(why), "{name}: {what}"),
                place => panic!("{name} in {kind}: {place:?}"),
            }
        }
    }
}
