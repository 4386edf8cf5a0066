"""What a visitor checks at the door for each risk type: things that can be seen, asked for or counted."""

from __future__ import annotations

from riskmodel.registry.codes import Lang

_CHECKS: dict[str, tuple[str, str]] = {
    "illness": (
        "看门诊、住院票据和报销单，核对自付金额；问是否有大病、慢性病未登记，是否签约家庭医生。",
        "Look at bills and reimbursement slips and compare what was paid out of pocket; ask about major or chronic "
        "illness not yet recorded, and about the family doctor contract.",
    ),
    "disability": (
        "看残疾证及等级，核对两项补贴是否到账；问由谁照料、照料者能否外出务工。",
        "Look at the disability card and grade, check that both allowances arrive; ask who gives care and whether the "
        "carer can take work.",
    ),
    "schooling": (
        "问每个学龄孩子在哪里就读、是否在校；核对学费、住宿费和资助是否到位。",
        "Ask where every child of school age is enrolled and whether it attends; compare fees with the aid received.",
    ),
    "disaster": (
        "看受灾的房屋、农田和牲畜，核对损失、保险理赔和救助是否已报。",
        "Look at damaged housing, fields and livestock; check that loss, insurance claim and relief were reported.",
    ),
    "accident": (
        "问事故经过和责任方，核对赔付、医疗费用，以及伤者何时能恢复劳动。",
        "Ask what happened and who is liable; check compensation, medical cost and when the injured can work again.",
    ),
    "enterprise_failure": (
        "看种养规模和存栏、库存，问销路、价格和欠款；核对近两年经营收支。",
        "Look at fields, animals and stock; ask about buyers, prices, debts; compare two years of takings and costs.",
    ),
    "job_instability": (
        "逐人问在哪里务工、何时开始或中断、工资是否按月到手；核对合同或银行流水。",
        "Ask for each worker where, since when, with what breaks, and whether pay arrives monthly; see a contract or "
        "bank record.",
    ),
    "labour_shortage": (
        "逐人核对年龄、健康和实际劳动能力；看谁需要照料，是否整户无劳动能力。",
        "Check age, health and real ability to work of each member; see who needs care, and whether nobody can work.",
    ),
    "housing": (
        "看墙体、屋面、梁柱和地基，核对房屋等级鉴定；问是否另有住所。",
        "Look at walls, roof, beams and foundation; compare with the housing grade; ask about any other dwelling.",
    ),
    "water": (
        "看水源和水质，问每天够不够用、取水来回多久、全年断水几天。",
        "Look at source and quality; ask whether it suffices, how long fetching takes, how many days a year it fails.",
    ),
    "other": (
        "核对全家近12个月收入和大额支出；问户主最担心什么。",
        "Go through the household's income and large expenses of the last 12 months; ask what worries the head most.",
    ),
}


def door_check(risk_type: str, lang: Lang) -> str:
    """Return what to check for ``risk_type``; for one not known here, what is checked at any door."""
    zh, en = _CHECKS.get(risk_type, _CHECKS["other"])
    return zh if lang == "zh" else en
