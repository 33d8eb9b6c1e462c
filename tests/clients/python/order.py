"""An order's way with the generated client: order.py <base URL> <demo.json>"""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from homehail import AuthenticatedClient, Client
from homehail.api.offers import grab_order, poll_offers
from homehail.api.orders import cancel_order, list_orders, place_order, read_order
from homehail.api.sessions import create_agency_session, create_customer_session
from homehail.models import (
    ClaimHow,
    Credentials,
    GivenContact,
    Grab,
    Location,
    LocationDatum,
    NewOrder,
    Order,
    OrderStatus,
    Problem,
    Reason,
    Service,
    WeChatCode,
)

url, demo = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
agency = demo["agencies"][0]
store = agency["stores"][0]["location"]


def signed_in(session) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=url, token=session.token)


def whole(order) -> Order:
    """The answer is an order, and the client knows each of its fields."""
    assert isinstance(order, Order), order
    assert not order.additional_properties, order.additional_properties
    return order


def wanted(address: str) -> NewOrder:
    return NewOrder(
        service=Service(agency["services"][0]),
        start_at=datetime.now(UTC) + timedelta(days=1),
        duration_min=120,
        address=address,
        location=Location(lat=store["lat"], lon=store["lon"], datum=LocationDatum(store["datum"])),
        contact=GivenContact(name="王芳", phone="139 1234 5678"),
        budget_fen=12_000,
    )


stranger = Client(base_url=url)
code = WeChatCode(code=demo["customers"][0]["code"])
customer = signed_in(create_customer_session.sync(client=stranger, body=code))
credentials = Credentials(access_key=agency["access_key"], secret=agency["secret"])
desk = signed_in(create_agency_session.sync(client=stranger, body=credentials))

refused = place_order.sync(client=customer, body=wanted(" "), idempotency_key=str(uuid4()))
assert isinstance(refused, Problem) and refused.type_ == "/problems/invalid", refused
assert refused.errors[0].pointer == "/address", refused
unknown = place_order.sync(client=stranger, body=wanted("x"), idempotency_key=str(uuid4()))
assert isinstance(unknown, Problem) and unknown.status == 401, unknown

key, body = str(uuid4()), wanted("中央大街1号")
placed = whole(place_order.sync(client=customer, body=body, idempotency_key=key))
assert placed.status == OrderStatus.OPEN and placed.claim is None, placed
again = whole(place_order.sync(client=customer, body=body, idempotency_key=key))
assert again.order_id == placed.order_id, again

until = time.monotonic() + 60
offer = None
while offer is None:
    assert time.monotonic() < until, "the order was not offered"
    offers = poll_offers.sync(client=desk, wait_s=5).offers
    offer = next((offer for offer in offers if offer.order_id == placed.order_id), None)
grabbed = whole(grab_order.sync(placed.order_id, client=desk, body=Grab(claim_token=offer.claim_token)))
assert grabbed.address is None, grabbed

read = whole(read_order.sync(placed.order_id, client=customer))
assert read.status == OrderStatus.CLAIMED and read.address == "中央大街1号", read
assert (read.claim.agency_id, read.claim.how) == (agency["agency_id"], ClaimHow.GRAB), read
assert read.contact.phone == "13912345678", read

cancelled = whole(cancel_order.sync(placed.order_id, client=customer, body=Reason(reason="改天")))
assert cancelled.status == OrderStatus.CANCELLED, cancelled
listed = list_orders.sync(client=customer).items
assert placed.order_id in [order.order_id for order in listed], listed
print("Python: placed, grabbed, read and cancelled", placed.order_id)
