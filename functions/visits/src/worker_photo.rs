//! The photo of the worker who will be at the door, before she is.

use domain::id::{CustomerId, OrderId};
use runtime::Problem;
use runtime::http::{self, Request, Response};

use crate::Visits;

impl Visits {
    /// For the customer of the order alone, from when she is named until the visit is over.
    pub(crate) async fn worker_photo(
        &self,
        request: &Request,
        customer: &CustomerId,
        id: &OrderId,
    ) -> Result<Response, Problem> {
        http::query(request, &[])?;
        let order = self.orders.get(id).await?;
        let order = order.filter(|order| order.customer == *customer);
        let order = order.ok_or_else(Problem::not_found)?;
        let staffing = order.staffing().ok_or_else(Problem::not_found)?;
        let worker = self.workers.records().get(&staffing.worker).await?;
        let worker = worker.filter(|worker| order.shows_photo_of(worker));
        let photo = worker.and_then(|worker| worker.photo);
        let photo = photo.ok_or_else(Problem::not_found)?;
        let content = self.photos.get(&photo).await?;
        http::file(&photo.media_type, content.ok_or_else(Problem::not_found)?)
    }
}
