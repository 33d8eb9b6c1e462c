//! A visit whose time is over: nobody came, or nobody said that it was over.

use domain::order::Order;
use domain::time::Millis;
use store::VisitEnded;

use calls::Error;

use crate::AutoAssign;

impl AutoAssign {
    /// Ends the visit. If the order has changed since it was read, the timer comes again and looks at it then.
    pub(crate) async fn end_visit(&self, order: &Order, visit_by: Millis) -> Result<(), Error> {
        let now = self.clock.now();
        if let VisitEnded::Now(order) = self.orders.end_visit(order, visit_by, now).await? {
            tracing::info!(
                order.id = %order.id,
                status = order.status().as_str(),
                "ended a visit whose time was over"
            );
        }
        Ok(())
    }
}
