//! The domains on request that an operator enables for an organization (rule 2).

use contract::catalogue::{Catalogue, ServiceDomain};
use service::{Fault, FaultCode};

use crate::fields::FieldError;

/// Checks domains that an operator enables: each must be on request in the catalogue. The answer is
/// sorted, each once.
pub(crate) fn parse(
    catalogue: &Catalogue,
    wanted: &[String],
) -> Result<Vec<ServiceDomain>, FieldError> {
    let mut enabled = Vec::new();
    for text in wanted {
        let shown: String = text.chars().take(100).collect();
        let refuse = |code: FaultCode, problem: &str| {
            let fault = Fault::new(code, format!("`{shown}` {problem}"));
            Err(FieldError::new("domains", fault.with("value", shown.clone())))
        };
        let Ok(wanted) = text.parse::<ServiceDomain>() else {
            return refuse(FaultCode::WrongFormat, "is not of the form <service>/<domain>:<level>");
        };
        match catalogue.service(&wanted.service).and_then(|entry| entry.level(&wanted.domain)) {
            Err(_) => return refuse(FaultCode::NotFound, "is not in the catalogue"),
            Ok(level) if !level.on_request => {
                let problem = "is not on request: anybody may ask for it";
                return refuse(FaultCode::NotAllowed, problem);
            }
            Ok(_) => enabled.push(wanted),
        }
    }
    enabled.sort_by_cached_key(ToString::to_string);
    enabled.dedup();
    Ok(enabled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_domains_on_request_can_be_enabled() {
        let catalogue = Catalogue::default();
        let enable = |domains: &[&str]| {
            parse(&catalogue, &domains.iter().map(|d| (*d).to_owned()).collect::<Vec<_>>())
        };
        let enabled = enable(&[
            "retail_media/billing:read",
            "retail_media/accounts:manage",
            "retail_media/billing:read",
        ]);
        let texts: Vec<_> = enabled.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["retail_media/accounts:manage", "retail_media/billing:read"]);
        for wrong in [
            "retail_media/campaigns:read",
            "retail_media/nothing:read",
            "retail_media/billing:manage",
            "nothing/billing:read",
            "billing:read",
            "retail_media/billing",
            "retail_media/billing:write",
        ] {
            assert_eq!(enable(&[wrong]).unwrap_err().field, "domains", "{wrong}");
        }
        assert_eq!(enable(&[]).unwrap(), []);
    }
}
