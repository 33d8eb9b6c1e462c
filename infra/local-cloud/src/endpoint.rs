//! stub
use crate::cloud::Cloud;
use std::sync::Arc;
pub(crate) fn router(_cloud: Arc<Cloud>) -> axum::Router {
    axum::Router::new()
}
