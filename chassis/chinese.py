"""What the system's own words are called in Chinese, for the sentences that people read.

Sentences of errors are written with their facts (chassis/errors.py); a fact that is one of our
states, kinds, roles or fields stands in the Chinese sentence by its Chinese name, and a moment
as the clock on the wall shows it. What people wrote themselves stays as they wrote it.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)

WORDS: Mapping[str, str] = {
    # things
    "anomaly": "异常",
    "arrival": "到货",
    "case": "售后单",
    "carrier": "承运人",
    "confirmation": "确认书",
    "contract": "合同",
    "coupon": "优惠券",
    "device": "扫描设备",
    "instruction": "生产指令单",
    "mode": "运输方式",
    "notice": "通知书",
    "order": "订单",
    "order's credit": "订单信用",
    "payment": "收款",
    "region": "地区",
    "shipment": "发货单",
    "statement": "书面说明",
    "task": "任务",
    "transfer": "调拨",
    "transit_time": "运输时效",
    "visit": "回访",
    "wish": "到货登记",
    # roles
    "admin": "系统管理员",
    "aftersales": "售后",
    "assistant": "客服助理",
    "clerk": "开单员",
    "director": "营销总监",
    "dispatcher": "发货员",
    "finance": "财务",
    "inspector": "质检",
    "planner": "生产部主管",
    "sales": "销售员",
    "scanner": "扫描设备",
    "supervisor": "客服主管",
    "technician": "技术部",
    "warehouse": "仓管",
    # an order's stages
    "memo": "备忘",
    "draft": "草稿",
    "in_review": "评审中",
    "approved": "已批准",
    "awaiting_return": "待回传",
    "confirmed": "已确认",
    "in_progress": "执行中",
    "fulfilled": "已交付",
    "closed": "已结案",
    "cancel_requested": "申请取消",
    "cancelled": "已取消",
    # gates, statements and their verdicts
    "price": "价格",
    "credit": "信用",
    "technique": "技术",
    "material": "材料",
    "schedule": "排产",
    "approval": "审批",
    "pending": "待审",
    "passed": "通过",
    "doubt": "存疑",
    "held": "暂缓",
    "short": "短缺",
    "refused": "不通过",
    "waits": "待料",
    "void": "作废",
    "granted": "已发放",
    # confirmations, notices, contracts, payments, tasks
    "sent": "已发出",
    "verified": "已核实",
    "drafted": "已拟",
    "settled": "已结清",
    "withdrawn": "已撤回",
    "signed": "已签收",
    "ended": "已终止",
    "claimed": "待核实",
    "rejected": "不接受",
    "reversed": "已冲回",
    "open": "未结",
    "done": "已办",
    "dropped": "不再需要",
    "resolved": "已解决",
    "expected": "在途",
    "received": "已收货",
    "met": "已满足",
    "planned": "已计划",
    # a works instruction
    "issued": "已下达",
    "accepted": "已接收",
    "running": "生产中",
    "abnormal": "异常中",
    "finished": "已完工",
    "inspected": "已检验",
    "stocked": "已入库",
    # what kind of thing went wrong in production
    "equipment": "设备",
    "quality": "质量",
    "staffing": "人员",
    "process": "工艺",
    # a shipment
    "requested": "已申请",
    "released": "已放行",
    "checked": "已复核",
    "handed": "已交办",
    "picking": "拣货中",
    "packed": "已打包",
    "dispatched": "已发出",
    "in_transit": "运输中",
    "arrived": "已到达",
    "exception": "运输异常",
    "lost": "丢失",
    "returned_to_sender": "已退回",
    # a case
    "acknowledged": "已受理",
    "authorised": "已同意",
    "awaiting_goods": "待退货",
    "refund": "退款",
    "reship": "补发",
    "repair": "维修",
    # papers owed with a shipment
    "written_request": "书面申请",
    "finance_told": "告知财务",
    "waybill": "运单号",
    "notice_check": "告知书核对",
    "arrival_check": "到货核对",
    "receipt": "到货回单",
    # reasons
    "customer_request": "客户要求",
    "correction": "更正",
    "stock": "库存",
    "production": "生产",
    "logistics": "物流",
    "other": "其他",
    "order cancelled": "订单取消",
    # why a service is not reached
    "connection lost": "连接中断",
    "no connection to the broker": "未连接到消息服务器",
    "no such service runs": "该服务未运行",
    "the broker takes no messages": "消息服务器暂不接收消息",
    "unreadable reply": "应答无法读取",
    # fields read back
    "consignee_name": "收货人",
    "consignee_phone": "收货电话",
    "consignee_address": "收货地址",
}


def in_chinese(fact: Any) -> Any:
    """Give a fact as a Chinese sentence says it; one that is none of our words as it is."""
    if isinstance(fact, list):
        return "、".join(str(in_chinese(each)) for each in fact)
    if not isinstance(fact, str):
        return fact
    if fact in WORDS:
        return WORDS[fact]
    if _MOMENT.fullmatch(fact):
        return f"{datetime.fromisoformat(fact).astimezone(_SHANGHAI):%Y-%m-%d %H:%M}"
    words = fact.split(", ")
    if len(words) > 1 and all(word in WORDS for word in words):
        return "、".join(WORDS[word] for word in words)
    return fact
