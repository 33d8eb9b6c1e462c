// An order's way with the generated types: order.js <base URL> <demo.json>. What the contract does not have fails to compile.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./homehail.js";

const [baseUrl, file] = process.argv.slice(2);
assert(baseUrl && file);
const demo = JSON.parse(readFileSync(file, "utf8"));
const agency = demo.agencies[0];

const clientOf = (token?: string) =>
    createClient<paths>({ baseUrl, headers: token ? { Authorization: `Bearer ${token}` } : {} });
const stranger = clientOf();

// The answer, or the refusal as an exception.
function expect<T>(answer: { data?: T; error?: components["schemas"]["Problem"] }): T {
    assert(answer.data !== undefined, answer.error?.detail);
    return answer.data;
}

const { code } = demo.customers[1];
const customer = clientOf(expect(await stranger.POST("/v1/sessions/customer", { body: { code } })).token);
const { access_key, secret } = agency;
const desk = clientOf(expect(await stranger.POST("/v1/sessions/agency", { body: { access_key, secret } })).token);

const body: components["schemas"]["NewOrder"] = {
    service: agency.services[0],
    start_at: new Date(Date.now() + 86_400_000).toISOString(),
    duration_min: 120,
    address: "中央大街1号",
    location: agency.stores[0].location,
    contact: { name: "王芳", phone: "139 1234 5678" },
    budget_fen: 12_000,
};
const place = (body: components["schemas"]["NewOrder"], key: string) =>
    customer.POST("/v1/orders", { params: { header: { "Idempotency-Key": key } }, body });

const refused = await place({ ...body, address: " " }, randomUUID());
assert.equal(refused.error?.type, "/problems/invalid");
assert.equal(refused.error.errors?.[0]?.pointer, "/address");
const unknown = await stranger.GET("/v1/orders");
assert.equal(unknown.error?.status, 401);

const key = randomUUID();
const placed = expect(await place(body, key));
assert.equal(placed.status, "open");
assert.equal(expect(await place(body, key)).order_id, placed.order_id);

const path = { order_id: placed.order_id };
let offer: components["schemas"]["Offer"] | undefined;
for (const until = Date.now() + 60_000; !offer; ) {
    assert(Date.now() < until, "the order was not offered");
    const { offers } = expect(await desk.GET("/v1/offers", { params: { query: { wait_s: 5 } } }));
    offer = offers.find((offer) => offer.order_id === placed.order_id);
}
assert(offer.claim_token);
const claim = { params: { path }, body: { claim_token: offer.claim_token } };
const grabbed = expect(await desk.POST("/v1/orders/{order_id}/grab", claim));
assert.equal(grabbed.address, null);

const read = expect(await customer.GET("/v1/orders/{order_id}", { params: { path } }));
assert.equal(read.status, "claimed");
assert.equal(read.claim?.agency_id, agency.agency_id);
assert.deepEqual(read.contact, { name: "王芳", phone: "13912345678" });

const reason = { params: { path }, body: { reason: "改天" } };
const cancelled = expect(await customer.POST("/v1/orders/{order_id}/cancel", reason));
assert.equal(cancelled.status, "cancelled");
const { items } = expect(await customer.GET("/v1/orders"));
assert(items.some((order) => order.order_id === placed.order_id));
console.log("TypeScript: placed, grabbed, read and cancelled", placed.order_id);
