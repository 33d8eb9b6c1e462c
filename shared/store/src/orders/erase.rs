//! What is personal of an order goes: some time after its end, or because its customer wants to be erased.

use domain::erasure::{Erasure, KeptErasure};
use domain::id::{AgencyCustomerId, CustomerId, OrderId};
use domain::order::{By, Order};
use domain::time::Millis;

use super::Orders;
use super::key::is_personal;
use crate::Error;
use crate::table::{
    Committed, ItemKey, Key, Member, Part, Partition, Sent, TRANSACT, commit, read,
};
use crate::workers::{ErasureItem, if_can_be_asked, write_each};

impl Orders {
    /// Lets an order's home, if it is still there, go at this moment. Doing so again is harmless.
    pub async fn let_home_go(&self, order: &OrderId, at: Millis) -> Result<(), Error> {
        let update = self.table.update(Key::details(order), "SET #ttl = :at");
        let update = update.when("attribute_exists(pk)");
        update.value(":at", at.second()).send().await.map(|_| ())
    }

    /// Deletes what is personal of an order that is over, except its customer's id, and the customer from among those of the
    /// agency that served them. Doing so again finishes it.
    pub async fn erase(&self, order: &Order) -> Result<(), Error> {
        let list = self.table.list(Partition::order(&order.id)).only("pk, sk");
        let found = list.all(Ok).await?;
        let mut personal = Vec::new();
        for item in found {
            if is_personal(&ItemKey::of(&item)?) {
                personal.push(item);
            }
        }
        write_each(personal, |item| {
            Ok(self.table.delete(Key::of(&item)?).named(Part::Deleted))
        })
        .await?;
        if let Some(claim) = order.claim() {
            let customer = AgencyCustomerId::new(&claim.agency, &order.customer);
            let delete = self.table.delete(Key::customer(&claim.agency, &customer));
            if !matches!(
                commit([delete.named(Part::Deleted)]).await?,
                Committed::Done
            ) {
                return Err(Error::Busy { call: TRANSACT });
            }
        }
        // Lines are only ever added behind these.
        let mut lines = order.timeline.iter().enumerate();
        let reasons = lines.find(|(_, line)| line.by == By::Customer && line.why.is_some());
        let reason = reasons.map(|(place, _)| format!("tl[{place}].y"));
        let wishes = (!order.wishes.is_empty() || order.preferred.is_some())
            .then(|| "wi, pw, pg".to_owned());
        let said: Vec<String> = reason.into_iter().chain(wishes).collect();
        if !said.is_empty() {
            let update = format!("REMOVE {}", said.join(", "));
            let update = self.table.update(Key::order(&order.id), update);
            update.when("attribute_exists(pk)").send().await?;
        }
        Ok(())
    }

    /// A customer's request to be erased, unless it was called off or done.
    pub async fn erasure(&self, customer: &CustomerId) -> Result<Option<Erasure>, Error> {
        let kept = self.kept_erasure(customer).await?;
        Ok(kept.and_then(KeptErasure::waits))
    }

    /// The same, and for a while what the customer has called off.
    pub async fn kept_erasure(&self, customer: &CustomerId) -> Result<Option<KeptErasure>, Error> {
        let found = self.table.get(Key::erasure(customer)).await?;
        let found = found.map(read::<ErasureItem>).transpose()?;
        Ok(found.map(|(_, item)| item.kept))
    }

    /// Keeps a customer's request to be erased, if it can be asked now; one that waits stays as it is. Returns the one that
    /// stands.
    pub async fn request_erasure(
        &self,
        customer: &CustomerId,
        erasure: Erasure,
    ) -> Result<Erasure, Error> {
        let item = Key::erasure(customer).item(ErasureItem::from(erasure));
        let put = if_can_be_asked(self.table.put(item), erasure.requested_at);
        match put.send().await? {
            Sent::Refused(Some(found)) => Ok(read::<ErasureItem>(found)?.1.kept.asked),
            _ => Ok(erasure),
        }
    }

    /// Calls this request off; another one stays.
    pub async fn call_off_erasure(
        &self,
        customer: &CustomerId,
        erasure: &Erasure,
        now: Millis,
    ) -> Result<(), Error> {
        let item = Key::erasure(customer).item(ErasureItem::called_off(*erasure, now));
        let put = self.table.put(item).when("requested_at = :at");
        let put = put.value(":at", erasure.requested_at);
        put.send().await.map(|_| ())
    }

    /// Ends this request, because it is done, forgets what was counted of the customer, and lists who it was
    /// ([`Workers::list_erased_customer`](crate::Workers::list_erased_customer)).
    pub async fn finish_erasure(
        &self,
        customer: &CustomerId,
        erasure: &Erasure,
        listed: Member,
    ) -> Result<(), Error> {
        let quota = self.table.delete(Key::quota(customer)).named(Part::Quota);
        let delete = self.table.delete(Key::erasure(customer));
        let delete = delete.when("attribute_not_exists(pk) OR requested_at = :at");
        let delete = delete.value(":at", erasure.requested_at);
        match commit([delete.named(Part::Erasure), quota, listed]).await? {
            Committed::Conflict => Err(Error::Busy { call: TRANSACT }),
            Committed::Done | Committed::Refused(_) => Ok(()),
        }
    }
}
