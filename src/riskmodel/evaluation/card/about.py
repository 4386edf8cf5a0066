"""What a card says of the model's purpose, people, data and life: who it is for, and when it ends."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import date
from importlib import metadata

from riskmodel.engine.calendar import add_months
from riskmodel.evaluation.card.document import Block, Grid, Items, Section, Text
from riskmodel.evaluation.report_words import WORDS
from riskmodel.evaluation.results import Evaluation
from riskmodel.registry.schema import TABLES
from riskmodel.training import flow as steps

_PACKAGES = ("riskmodel", "lightgbm", "scikit-learn", "numpy")


def table_words(names: Sequence[str], lang: str) -> str:
    """Return what tables of the registry are called; one that the registry's schema does not know by its name."""
    known = {name: (table.zh, table.en) for name, table in TABLES.items()}
    at = 0 if lang == "zh" else 1
    return ("、" if lang == "zh" else ", ").join(known.get(name, (name, name))[at] for name in names)


def expires_on(evaluation: Evaluation) -> date:
    """Return the first day on which the model may no longer be used without being judged anew."""
    return add_months(evaluation.plan.cut_on, evaluation.experiment.expires_months)


def purpose(evaluation: Evaluation, lang: str) -> Section:
    """What a score is for, and what it must not be used for."""
    words = evaluation.outcome_words[0 if lang == "zh" else 1]
    months = evaluation.plan.horizon.months
    if lang == "zh":
        return Section(
            "用途",
            [
                Text(
                    f"这个模型每月给登记在册的农户排一个先后：谁在今后 {months} 个月里更可能“{words}”，"
                    "就先入户看谁。分数只是走访的线索。"
                ),
                Items(
                    [
                        "可以用来：安排入户核实的先后；提示走访时先问什么（理由清单）。",
                        "不可以用来：决定纳入或不纳入监测、发放或停止帮扶；评价农户或干部；对外公开；"
                        "用于别的县，或用于下文所列范围以外的农户。",
                        "纳入与否，始终由人入户核实、评议、审批后决定。",
                    ]
                ),
            ],
        )
    return Section(
        "Purpose",
        [
            Text(
                f"Each month the model puts the registered households in an order: whom to visit first, because within "
                f"the next {months} months they are likelier to meet this: {words}. A score is a clue for a home visit."
            ),
            Items(
                [
                    "Use it to: order visits; know what to ask about first at the door (the list of reasons).",
                    "Do not use it to: admit or refuse anyone, grant or end support; rate households or cadres; "
                    "publish anything; score other counties, or households outside the cohort below.",
                    "The score never admits or refuses anyone: people verify, deliberate and decide.",
                ]
            ),
        ],
    )


def people(evaluation: Evaluation, lang: str) -> Section:
    """Who is in and who is out, and how many each rule left out."""
    zh = lang == "zh"
    cohort = evaluation.cohort_words[0 if zh else 1]
    experiment = evaluation.experiment
    blocks: list[Block] = [
        Text(
            f"在内：{cohort}。不在登记中的农户，模型完全看不到。"
            if zh
            else f"In: {cohort}. Households that are absent from the registry are not seen at all."
        )
    ]
    if experiment.cohort.without:
        off = ", ".join(experiment.cohort.without)
        blocks.append(Text(f"已关闭的规则：{off}。" if zh else f"Rules switched off: {off}."))
    blocks.append(_flow(evaluation, lang))
    blocks.append(
        Text(
            "各行是走过该步之后还剩的户次（一户在一个时点为一户次），括号内为该步排除的户次。"
            if zh
            else "Each line: the rows left after the step (a household at a date is a row); in brackets, how many it "
            "left out.",
            kind="note",
        )
    )
    return Section("谁在内，谁在外" if zh else "Who is in, and who is out", blocks, name="people")


def _flow(evaluation: Evaluation, lang: str) -> Grid:
    flow, words = evaluation.flow, WORDS[lang]["flow_words"]
    columns = [str(column) for column in flow.columns if column != "as_of"]
    rules = columns[1 : columns.index(steps.NOT_YET_KNOWN)]
    picked = [0, len(flow) - 1] if len(flow) > 1 else [0]
    head = ["", *(str(flow["as_of"].iloc[at]) for at in picked), "所有时点合计" if lang == "zh" else "all dates"]
    rows, before = [], [0] * len(head)
    for column in columns:
        counts = [int(flow[column].iloc[at]) for at in picked] + [int(flow[column].sum())]
        lost = [
            f" (−{was - now:,})" if column in rules and was > now else ""
            for was, now in zip(before, counts, strict=False)
        ]
        rows.append([words.get(column, column), *(f"{n:,}{by}" for n, by in zip(counts, lost, strict=True))])
        before = counts
    return Grid(head, rows)


def data(evaluation: Evaluation, lang: str) -> Section:
    """Which rows taught, and of which dates."""
    plan, absent = evaluation.plan, evaluation.record.get("tables_absent", [])
    zh = lang == "zh"
    share = evaluation.positives / evaluation.rows
    lines = (
        [
            f"登记数据：{plan.cut_on} 之前已知的内容。",
            f"最终模型学习的样本：{evaluation.rows:,} 户次，其中 {evaluation.positives:,} 户次结果发生（{share:.1%}），"
            f"取自 {len(plan.training)} 个时点（{plan.training[0]} 至 {plan.training[-1]}）。",
            f"特征 {len(evaluation.features)} 个，都只用该时点之前已经发生、并且已经登记的内容算出。",
        ]
        if zh
        else [
            f"The registry: what was known before {plan.cut_on}.",
            f"The final model learned from {evaluation.rows:,} rows (a household at a date), {evaluation.positives:,} "
            f"positive ({share:.1%}), at {len(plan.training)} dates from {plan.training[0]} to {plan.training[-1]}.",
            f"{len(evaluation.features)} features, each from what had happened and was known strictly before the date.",
        ]
    )
    if absent:
        named = table_words(absent, lang)
        lines.append(f"登记中没有这些表：{named}。" if zh else f"Tables that the registry does not have: {named}.")
    return Section("数据与时间" if zh else "Data and dates", [Items(lines)])


def outcome(evaluation: Evaluation, lang: str) -> Section:
    """What is predicted, and what its label cannot say."""
    plan, words = evaluation.plan, evaluation.outcome_words
    if lang == "zh":
        return Section(
            "预测的是什么，它的局限",
            [
                Text(
                    f"结果：{words[0]}。从时点起看 {plan.horizon.months} 个月，再等 {plan.horizon.lag_days} 天报告期，"
                    "才算已知。"
                ),
                Items(
                    [
                        "结果是在现有帮扶之下发生的：帮扶会掩盖风险。靠帮扶才没有返贫的户，记为“没有发生”；"
                        "分数低，不是取消帮扶的理由。",
                        "登记中没有的事，模型不知道：迟报、漏报看上去像平安无事。",
                        "理由说明分数从何而来，不是原因；改变某项指标，结果未必跟着变。",
                        "监测线、政策、物价会变：准确度是在下列时点上量出来的，以后要继续盯住漂移。",
                    ]
                ),
            ],
        )
    return Section(
        "What is predicted, and its limits",
        [
            Text(
                f"Outcome: {words[1]}. It looks {plan.horizon.months} months ahead of the date and counts as known "
                f"{plan.horizon.lag_days} days later, when reports are in."
            ),
            Items(
                [
                    "The label is with present support: assistance hides risk. A household kept out of need by a "
                    "measure counts as negative, and a low score is no reason to take the measure away.",
                    "What the registry does not know, the model does not know: late or missing reports look like calm.",
                    "Contributions say where the score comes from. They are not causes, and changing a feature need "
                    "not change the outcome.",
                    "Lines, policies and prices move: accuracy was measured on the dates below; watch drift.",
                ]
            ),
        ],
    )


def contest(lang: str) -> Section:
    """How a household or a cadre objects."""
    if lang == "zh":
        return Section(
            "有异议怎么办",
            [
                Items(
                    [
                        "农户可以要求村干部说明：为什么来走访、依据登记中的哪几项。每个被提示的户都有一页理由说明。",
                        "登记有错：由村里报乡镇更正，更正后的下一次计算就按新的内容来。",
                        "不同意核实结论：向乡镇、县主管部门反映，由人重新入户核实。分数不能作为答复的依据。",
                        "村干部认为该看而名单没有的户，照常入户、照常上报，不需要模型同意。",
                    ]
                )
            ],
        )
    return Section(
        "How to contest",
        [
            Items(
                [
                    "A household may ask its village cadre why it is visited, and on which entries of the registry "
                    "that rests: every flagged household has a sheet of reasons.",
                    "A wrong entry: the village reports it to the township; the next scoring goes by the right one.",
                    "The finding of a visit is disputed: people verify again. A score is never an answer.",
                    "Whom the cadre knows to be in trouble is visited and reported as ever; the model need not agree.",
                ]
            )
        ],
    )


def drift_at_the_end(evaluation: Evaluation) -> bool:
    """Whether drift was seen at the newest test origin: such a model is not to be used as it is."""
    found = evaluation.drift
    return found is not None and bool(found.seen) and found.origins[-1:] == found.seen[-1:]


def expiry(evaluation: Evaluation, lang: str) -> Section:
    """When the model must be judged anew."""
    day, months = expires_on(evaluation), evaluation.experiment.expires_months
    rule = evaluation.experiment.drift
    zh = lang == "zh"
    blocks: list[Block] = [
        Text(
            f"有效期至 {day}（训练数据截止后 {months} 个月）。到期后要重新检验，或重新训练。"
            if zh
            else f"Until {day}, {months} months after the training cut. Past it: judge it anew, or train again."
        ),
        Text(
            f"提前失效：一旦看到漂移，即实际发生数与预计数相差超过 {rule.factor:g} 倍，且 {rule.level:.0%} 区间不含 1。"
            "这时先用 riskmodel recalibrate 重新校准；若排序也变差，则重新训练。"
            if zh
            else f"Sooner, as soon as drift is seen: cases found and expected differ by more than a factor of "
            f"{rule.factor:g}, and the {rule.level:.0%} interval of their ratio excludes 1. Then recalibrate "
            "(riskmodel recalibrate); where the order has suffered too, train again."
        ),
    ]
    if drift_at_the_end(evaluation):
        blocks.append(
            Text(
                "最近一个检验时点已经看到漂移：使用前先重新校准。"
                if zh
                else "Drift was seen at the newest test origin already: recalibrate before use.",
                kind="lost",
            )
        )
    return Section("什么时候失效" if zh else "When it expires", blocks)


def sensitive(evaluation: Evaluation, lang: str) -> Section:
    """Which features speak of health, disability and the like."""
    zh = lang == "zh"
    marked = [f for f in evaluation.features if f.get("sensitive")]
    title = "用到的敏感信息" if zh else "Sensitive features"
    if not marked:
        return Section(title, [Text("没有。" if zh else "None is marked sensitive in the catalogue.")])
    blocks: Sequence[Block] = [
        Text(
            "以下特征属于敏感个人信息（健康、残疾、未成年人等），不得出现在公示和对外材料中："
            if zh
            else "Marked sensitive in the catalogue (health, disability, minors and the like); keep them out of public "
            "notices:"
        ),
        Items([f"{f['zh']}（{f['name']}）" if zh else f"{f['en']} ({f['name']})" for f in marked]),
    ]
    return Section(title, blocks)


def versions(evaluation: Evaluation, lang: str) -> Section:
    """What an auditor needs to replay the training."""
    experiment, record = evaluation.experiment, evaluation.record
    zh = lang == "zh"
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES)
    rows = [
        ("模型名称" if zh else "model", experiment.name),
        ("实验文件 sha256" if zh else "experiment file, sha256", experiment.sha256),
        ("登记数据指纹" if zh else "registry fingerprint", record.get("registry")),
        ("特征目录指纹" if zh else "catalogue hash", record.get("catalogue_hash")),
        ("对象规则指纹" if zh else "cohort definition", record.get("cohort_definition")),
        ("政策数字指纹" if zh else "policy figures", record.get("policy")),
        ("随机种子" if zh else "seed", experiment.seed),
        ("软件版本" if zh else "versions", f"Python {platform.python_version()}, {packages}"),
    ]
    return Section(
        "版本与指纹" if zh else "Versions and hashes",
        [Grid(["", ""], [[name, str(value)] for name, value in rows if value is not None], wide=True)],
    )
