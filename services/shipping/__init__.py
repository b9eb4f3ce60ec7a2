"""Shipping: nothing leaves without a dispatch request, and nothing that left is forgotten.

Owns        dispatch requests, shipments with their lines and parcels, scans, blocks by orders,
            carriers, regions, modes and transit times, cut-offs, dispatch notices, delivery
            receipts and owed dispatch papers.
Answers     the desk (request, release, check, hand, dispatch, reports), the scanners
            (record_scans), and orders (block_order, unblock_order).
Announces   dispatch_requested, shipment_released, shipment_checked, shipment_handed,
            shipment_packed, shipment_dispatched, shipment_in_transit, shipment_arrived,
            shipment_signed, shipment_cancelled, shipment_failed, receipt_recorded,
            release_withdrawn, scan_rejected, parcel_unknown.
Listens to  orders (its copy of consignee, stage and hold; a cancelled order ends what has not
            left) and customers (a reversed payment withdraws the releases it carried).
Asks        customers (check_release) and inventory (get_holdings), never inside a transaction.
"""
