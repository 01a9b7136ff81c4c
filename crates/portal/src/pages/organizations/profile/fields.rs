//! The fields of the form.

use contract::rpc::OrganizationKind;

use super::typed::Typed;
use crate::faults::Faults;
use crate::parts::field::Field;
use crate::parts::organization_kind;
use crate::texts::Texts;

/// The fields of one line, or some.
pub(super) struct Fields<'a> {
    pub(super) name: Field<'a>,
    pub(super) contact: Field<'a>,
    pub(super) country: Field<'a>,
    pub(super) website: Field<'a>,
    pub(super) description: Field<'a>,
}

/// A kind of organization.
pub(super) struct Kind {
    pub(super) value: &'static str,
    pub(super) name: String,
    pub(super) is_chosen: bool,
}

/// The kinds that there are.
pub(super) fn kinds(t: &Texts, chosen: &str) -> Vec<Kind> {
    use OrganizationKind as K;
    let all = [
        K::AdvertiserOrBrand,
        K::Agency,
        K::InventorySupplier,
        K::DataSupplier,
        K::TechnologyCompany,
        K::Other,
    ];
    let kind = |kind: K| {
        let value = kind.as_str();
        Kind { value, name: organization_kind::name(t, kind), is_chosen: value == chosen }
    };
    all.into_iter().map(kind).collect()
}

impl<'a> Fields<'a> {
    /// With what was typed, and what is wrong with it.
    pub(super) fn of(t: &Texts, typed: &'a Typed, faults: &'a Faults) -> Self {
        let field = |name: &'static str, label, hint, value: &'a str, max| Field {
            name,
            label,
            optional: None,
            hint,
            value,
            max,
            rows: 1,
            error: faults.on(name),
        };
        let optional = Some(t.wizard_optional());
        let described = t.wizard_description();
        Self {
            name: field("name", t.organization_name(), None, &typed.name, 200),
            contact: field(
                "contact_email",
                t.organization_contact(),
                Some(t.organization_contact_hint()),
                &typed.contact_email,
                254,
            ),
            country: field(
                "country",
                t.organization_country(),
                Some(t.organization_country_hint()),
                &typed.country,
                2,
            ),
            website: Field {
                optional: optional.clone(),
                ..field("website", t.organization_website(), None, &typed.website, 2048)
            },
            description: Field {
                optional,
                rows: 3,
                ..field("description", described, None, &typed.description, 255)
            },
        }
    }
}
