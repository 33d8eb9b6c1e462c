//! Who a customer is to an agency, so that the ratings of one are not taken for those of many.

use domain::id::AgencyId;
use domain::order::{Order, OrderDetails};
use domain::text::typed;
use runtime::secret;
use settings::Settings;

pub(crate) struct Raters {
    key: [u8; 32],
}

impl Raters {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            key: settings.key("DETAILS_KEY", "homehail raters v1"),
        }
    }

    /// Keyed hashes of the agency with each thing that a customer is known by: WeChat id, phone and address. Somebody who shares
    /// one of them is the same. Of details that are gone nothing is known.
    pub(crate) fn of(
        &self,
        agency: &AgencyId,
        order: &Order,
        details: Option<&OrderDetails>,
    ) -> Vec<String> {
        let hash = |kind: &str, value: &str| {
            let parts = [kind, agency.as_str(), value].map(str::as_bytes);
            domain::id::base32(&secret::hmac(&self.key, &parts)[..16])
        };
        let mut raters = vec![hash("customer", order.customer.as_str())];
        if let Some(details) = details {
            // As they may be typed another time.
            let address = typed(&details.address);
            let letters = address.chars().filter(|c| c.is_alphanumeric());
            let address: String = letters.flat_map(char::to_lowercase).collect();
            raters.push(hash("phone", details.contact.phone.as_str()));
            raters.push(hash("address", &address));
        }
        raters
    }
}

#[cfg(test)]
mod tests {
    use domain::geo::{Area, Wgs84};
    use domain::id::{CustomerId, OrderId};
    use domain::market::Market;
    use domain::order::{Contact, Visit};
    use domain::service::Service;
    use domain::time::Millis;

    use super::*;

    fn raters(secret: &str) -> Raters {
        Raters::new(&Settings::from_variables([("DETAILS_KEY", secret)]))
    }

    fn home() -> Wgs84 {
        Wgs84::from_degrees(45.77, 126.627).unwrap()
    }

    fn order(customer: u8) -> Order {
        let visit = Visit {
            service: Service::Cleaning,
            start_at: Millis(86_400_000),
            duration_min: 120,
            area: Area::containing(home()),
            budget_fen: None,
            wishes: Default::default(),
            preferred: None,
        };
        let customer = CustomerId::from_bytes(&[customer; 16]);
        let id = OrderId::from_bytes(&[1; 16]);
        Order::placed(id, customer, [0; 16], visit, &Market::default(), Millis(0)).unwrap()
    }

    fn details(phone: &str, address: &str) -> OrderDetails {
        OrderDetails {
            place: home(),
            address: address.to_owned(),
            contact: Contact {
                name: "王芳".to_owned(),
                phone: phone.parse().unwrap(),
            },
            notes: None,
        }
    }

    #[test]
    fn who_shares_a_wechat_id_a_phone_or_an_address_is_known() {
        let agency = AgencyId::from_bytes(&[1; 16]);
        let raters = raters("secret");
        let of = |customer, phone, address| {
            raters.of(&agency, &order(customer), Some(&details(phone, address)))
        };
        let first = of(1, "13800138000", "中央大街 1 号, 3 单元 A502");
        let again = of(1, "13800138001", "果戈里大街 7 号");
        let shared = |other: &[String]| first.iter().filter(|hash| other.contains(hash)).count();
        assert_eq!(first.len(), 3);
        assert_eq!(shared(&again), 1);
        assert_eq!(shared(&of(2, "13800138000", "果戈里大街 7 号")), 1);
        assert_eq!(shared(&of(2, "13800138001", "中央大街１号 3单元,a502")), 1);
        assert_eq!(
            shared(&of(2, "13800138001", "中央大街 1 号, 3 单元 A503")),
            0
        );
        let other_agency = AgencyId::from_bytes(&[2; 16]);
        let same = details("13800138000", "中央大街 1 号, 3 单元 A502");
        assert_eq!(shared(&raters.of(&other_agency, &order(1), Some(&same))), 0);
        assert_eq!(
            shared(&super::tests::raters("x").of(&agency, &order(1), Some(&same))),
            0
        );
    }
}
