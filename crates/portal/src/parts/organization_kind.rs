//! What kind an organization is, in words.

use contract::rpc::OrganizationKind;

use crate::texts::Texts;

pub(crate) fn name(t: &Texts, kind: OrganizationKind) -> String {
    match kind {
        OrganizationKind::AdvertiserOrBrand => t.organization_kind_advertiser_or_brand(),
        OrganizationKind::Agency => t.organization_kind_agency(),
        OrganizationKind::InventorySupplier => t.organization_kind_inventory_supplier(),
        OrganizationKind::DataSupplier => t.organization_kind_data_supplier(),
        OrganizationKind::TechnologyCompany => t.organization_kind_technology_company(),
        OrganizationKind::Other => t.organization_kind_other(),
    }
}
