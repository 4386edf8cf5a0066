"""The fixed words of the report's sections on visits, groups, assistance, other outcomes and lead time."""

from __future__ import annotations

from typing import Any

WORDS: dict[str, dict[str, Any]] = {
    "zh": {
        "visits": "走访多少户发现一户",
        "visits_note": "全县按风险从高到低排一个名单，各检验时点合并；括号内为 {level} 区间（整村抽样）。"
        "“走访几户发现一户”＝ 1 ÷ 精确率。",
        "visits_head": ["容量", "走访户次", "其中发生（期望）", "走访几户发现一户", "精确率", "召回率"],
        "tied": "容量 {share}：名单末位有 {tied} 户次分数相同，只余 {places} 个名额；数字按随机先后的期望计算。",
        "no_ties": "各容量的名单末位均无分数相同而取舍不定的农户。",
        "townships": "各乡镇按自己的名单走访",
        "townships_note": "每个乡镇走访本乡镇风险最高的 k%（四舍五入，至少一户），"
        "与全县统一排一个名单相比，走访总户数大致相同。"
        "差为“各乡镇名单”减“全县名单”，两边用同一批抽样。",
        "townships_head": [
            "容量",
            "各乡镇名单：召回率",
            "全县名单：召回率",
            "差（百分点）",
            "各乡镇名单：走访几户发现一户",
            "全县名单：走访几户发现一户",
        ],
        "by_township": "逐乡镇（容量 {share}）",
        "by_township_head": [
            "乡镇",
            "户次",
            "发生",
            "村",
            "本乡镇名单：召回率",
            "本乡镇名单：精确率",
            "全县名单：召回率",
            "全县名单：精确率",
            "全县名单占本乡镇户数",
        ],
        "by_township_picture": "各乡镇走访本乡镇名单时的召回率（虚线为全县合计）",
        "recall": "召回率",
        "groups": "分群体：名单对谁都一样有用吗",
        "groups_note": "全县名单，容量 {share}，各检验时点合并。群体按时点当时已登记的情况划分，模型并不知道这些分组。"
        "漏报率：不在名单上的农户中此后发生的比例。发生/预期：大于 1 表示风险说低了。"
        "▲ 表示与其余农户之差的区间不含 0；共比较 {compared} 次，即使毫无差别，也约有 {chance} 次会碰巧标出。",
        "groups_head": ["群体", "户次", "发生", "村", "召回率", "精确率", "漏报率", "平均风险 → 实际", "发生/预期"],
        "points": " 个百分点",
        "groups_townships": "各乡镇",
        "groups_differences": "与其余农户之差",
        "groups_differences_head": ["群体", "召回率（百分点）", "精确率（百分点）", "漏报率（百分点）", "发生/预期"],
        "groups_picture": "各群体的召回率（虚线为全体；橙红色表示与其余农户之差的区间不含 0）",
        "groups_none_flagged": "没有群体与其余农户之差的区间不含 0。这不证明没有差别：小群体的区间很宽。",
        "groups_flagged": "与其余农户有差别：",
        "flag": "{group}：{measures}",
        "higher": "{measure}较高 {difference}",
        "lower": "{measure}较低 {difference}",
        "measures": {
            "recall": "召回率",
            "precision": "精确率",
            "false_omission": "漏报率",
            "observed_to_expected": "发生/预期",
        },
        "hidden": {
            "few_rows": "不显示：少于 {rows} 户次",
            "few_positives": "不显示：发生者少于 {positives} 户次",
            "not_recorded": "未登记：登记中没有这项信息",
            "for_another": "不显示：以免由此推算出另一个不显示的群体",
        },
        "few_villages": "没有区间的：来自不足 {least} 个村，区间没有意义。",
        "totals": "预测户数与实际户数",
        "totals_note": "把每户的风险相加，就是模型预期发生的户数。比值的区间不含 1 时标 ▲。",
        "totals_head": ["时点", "户次", "预期发生", "实际发生", "实际/预期"],
        "pooled": "合并",
        "folds": "全部样本",
        "treatment": "未获帮扶的农户",
        "treatment_note": "帮扶会掩盖风险：得到帮扶而没有发生困难的农户记为未发生，模型的提醒看起来就像错报。"
        "因此把期内没有开始任何帮扶措施、也未纳入监测的农户单独度量（名单在其中重新排）。"
        "他们不是随机样本：正是陷入困难的农户最容易得到帮扶或被纳入，两栏都不等于“没有帮扶时”的结果。",
        "treatment_missing": "登记中没有帮扶措施和监测名单：无法分开。",
        "outcomes": "按其他结果评判同一名单",
        "outcomes_note": "分数不变，只换评判的结果。若不计政策性转移收入，更多农户低于监测线：他们靠政策托住，"
        "模型预测的是托住之后仍会发生困难的农户，排在前面的未必是他们。“发生/预期”只对所预测的结果应当接近 1。",
        "view_head": [
            "",
            "户次",
            "发生",
            "AUC",
            "平均精度",
            "召回率（容量{share}）",
            "精确率（容量{share}）",
            "发生/预期",
        ],
        "lead": "提前多久",
        "lead_note": "容量 {share}，各检验时点合并。月数从时点算到困难第一次显现："
        "前十二个月收入扣除自付医疗首次低于监测线，"
        "或首次查出保障不达标；结果为“纳入监测”时为纳入的月份。0 表示时点当时已经显现。",
        "lead_line": "名单上此后发生的 {total} 户次中，{already} 户次在时点当时已经显现；"
        "其余 {n} 户次的中位提前量为 {middle} 个月"
        "（四分位 {low}–{high}）。",
        "lead_line_uncounted": "名单上此后才显现的农户，中位提前量为 {middle} 个月（四分位 {low}–{high}）；"
        "其中有的户次数少于 {least}，因此不列户次。",
        "lead_few": "名单上此后才显现的少于 {least} 户次，不计提前量。",
        "lead_merged": "连续几个月合并为一栏，使每个数字不少于 {least} 户次。",
        "lead_no_picture": "名单内外逐月都少于 {least} 户次，不画图。",
        "missed_line_uncounted": "不在名单上而此后才显现的农户，中位数为 {middle} 个月（四分位 {low}–{high}）；"
        "其中有的户次数少于 {least}，因此不列户次。",
        "missed_line": "不在名单上而发生的 {total} 户次中，{already} 户次当时已经显现；"
        "其余 {n} 户次的中位数为 {middle} 个月"
        "（四分位 {low}–{high}）。",
        "lead_picture": "困难第一次显现的月份（户次）",
        "on_list": "在名单上",
        "off_list": "不在名单上",
        "lead_axis": "户次",
        "stability": "名单逐月是否稳定",
        "stability_note": "同一个模型在检验时点和一个月前各排一次名单（容量 {share}；"
        "只看两个时点都在对象范围内的农户）。"
        "名单每月变化太大，走访难以安排；一成不变，则没有跟上情况。两次之间登记获知了一个月的新情况。",
        "stability_head": ["时点", "户次", "留在名单上", "重合度（Jaccard）", "离开者仍在两倍名单内", "秩相关"],
        "themes": "每类特征值多少",
        "themes_note": "把一类特征的取值在被检验的农户之间打乱后再问同一个模型，看少了多少：{draws} 次抽样的区间，"
        "含 0 则看不出用处。彼此重复的类别（如各类收入）会互相替补，因此各类之和不等于全部。",
        "themes_head": ["类别", "特征数", "AUC", "平均精度", "召回率（百分点）"],
        "themes_picture": "打乱后平均精度减少多少",
        "themes_axis": "平均精度减少",
        "left_out": "去掉该类特征重新训练，少了多少",
    },
    "en": {
        "visits": "Visits for one case found",
        "visits_note": "One list for the county, highest risk first, all test origins together; {level} intervals in "
        "brackets (whole villages drawn). Visits for one case found = 1 ÷ precision.",
        "visits_head": ["capacity", "visits", "cases found (expected)", "visits for one case", "precision", "recall"],
        "tied": "Capacity {share}: {tied} households share the score at the list's end, with {places} places left; the "
        "figures are the expectation, as if chance chose.",
        "no_ties": "At no capacity do households tie at the end of the list.",
        "townships": "Every township visits the first of its own",
        "townships_note": "Every township visits the k % of its households with the highest risk (rounded, at least "
        "one), beside one list for the whole county; the number of visits is about the same. The difference is own "
        "lists less the county's, from the same draws.",
        "townships_head": [
            "capacity",
            "own lists: recall",
            "county's list: recall",
            "difference (points)",
            "own lists: visits for one case",
            "county's list: visits for one case",
        ],
        "by_township": "Township by township (capacity {share})",
        "by_township_head": [
            "township",
            "rows",
            "positive",
            "villages",
            "own list: recall",
            "own list: precision",
            "county's list: recall",
            "county's list: precision",
            "share of the township on the county's list",
        ],
        "by_township_picture": "Recall of each township's own list (dashed: all of them together)",
        "recall": "recall",
        "groups": "By group: does the list serve everyone?",
        "groups_note": "The county's list at capacity {share}, all test origins together. Groups are as known at the "
        "date; the model is not told of them. False omission: of those not on the list, the share that it came to "
        "all the same. Observed / expected: above 1 the risks were too low. ▲: the interval of the difference to "
        "everyone else excludes 0; of {compared} comparisons about {chance} would be marked by chance if there were "
        "no difference at all.",
        "groups_head": [
            "group",
            "rows",
            "positive",
            "villages",
            "recall",
            "precision",
            "false omission",
            "mean risk → came true",
            "observed / expected",
        ],
        "points": " points",
        "groups_townships": "Townships",
        "groups_differences": "Differences to everyone else",
        "groups_differences_head": [
            "group",
            "recall (points)",
            "precision (points)",
            "false omission (points)",
            "observed / expected",
        ],
        "groups_picture": "Recall of each group (dashed: everyone; red: the difference's interval excludes 0)",
        "groups_none_flagged": "No group's difference to everyone else has an interval that excludes 0. That does not "
        "show that there is none: the intervals of small groups are wide.",
        "groups_flagged": "Different from everyone else:",
        "flag": "{group}: {measures}",
        "higher": "{measure} higher by {difference}",
        "lower": "{measure} lower by {difference}",
        "measures": {
            "recall": "recall",
            "precision": "precision",
            "false_omission": "false omission",
            "observed_to_expected": "observed / expected",
        },
        "hidden": {
            "few_rows": "not shown: fewer than {rows} rows",
            "few_positives": "not shown: fewer than {positives} positives",
            "not_recorded": "not recorded in this registry",
            "for_another": "hidden so that the other cannot be worked out",
        },
        "few_villages": "Without interval: from fewer than {least} villages, over which a spread means nothing.",
        "totals": "Cases expected and cases that came",
        "totals_note": "The risks of all households add up to the cases that the model expects. ▲: the ratio's "
        "interval excludes 1.",
        "totals_head": ["origin", "rows", "expected", "observed", "observed / expected"],
        "pooled": "pooled",
        "folds": "all rows",
        "treatment": "Households that nothing was done for",
        "treatment_note": "Assistance hides risk: a household that a measure kept out of need counts as negative, and "
        "a rightful flag looks like a false one. So the households for which no measure began and which were not "
        "listed within the horizon are measured apart, with the list made anew among them. They are no random sample: "
        "those who fall into need are the likeliest to be helped or listed. Neither line is what would happen without "
        "help.",
        "treatment_missing": "The registry records neither measures nor listings: they cannot be told apart.",
        "outcomes": "The same list by other outcomes",
        "outcomes_note": "The scores stay; the outcome they are held against changes. Without policy transfers more "
        "households are below the line: policy holds them up, and the model foresees need that comes in spite of it, "
        "so they need not stand first. Observed / expected should be near 1 for the outcome predicted only.",
        "view_head": [
            "",
            "rows",
            "positive",
            "AUC",
            "average precision",
            "recall at {share}",
            "precision at {share}",
            "observed / expected",
        ],
        "lead": "How early",
        "lead_note": "Capacity {share}, all test origins together. Months from the date to when the need first showed: "
        "the income of the twelve months before, less medical costs, first below the line, or a guarantee first found "
        "not met; for “admitted”, the month of listing. 0: it had shown at the date already.",
        "lead_line": "Of {total} households on the list that it came to, {already} had shown it at the date already; "
        "for the other {n} the median lead is {middle} months (quartiles {low}–{high}).",
        "lead_line_uncounted": "On the list, where it showed later than the date, the median lead is {middle} months "
        "(quartiles {low}–{high}); some of the counts are below {least}, so none is given.",
        "lead_few": "On the list it showed later than the date for fewer than {least} households: no lead is given.",
        "lead_merged": "Months are put together until no count is below {least}.",
        "lead_no_picture": "Fewer than {least} households on the list, or not on it, in all months: no picture.",
        "missed_line_uncounted": "Not on the list, where it showed later than the date, the median is {middle} months "
        "(quartiles {low}–{high}); some of the counts are below {least}, so none is given.",
        "missed_line": "Of {total} households not on the list that it came to, {already} had shown it already; for the "
        "other {n} the median is {middle} months (quartiles {low}–{high}).",
        "lead_picture": "The month in which the need first showed (households)",
        "on_list": "on the list",
        "off_list": "not on the list",
        "lead_axis": "households",
        "stability": "From month to month",
        "stability_note": "The same model makes its list at the test date and a month earlier (capacity {share}; of "
        "the households of the cohort at both). A list that turns over every month cannot be worked through; one that "
        "never moves has not noticed anything. A month of news lies between the two.",
        "stability_head": [
            "origin",
            "rows",
            "stay on the list",
            "overlap (Jaccard)",
            "of those who left, within twice the list",
            "rank correlation",
        ],
        "themes": "What each theme of features is worth",
        "themes_note": "The values of a theme are exchanged among the households tested and the same model is asked "
        "again: what is lost, with intervals over {draws} draws; where one holds 0, no use can be seen. Themes that "
        "say the same (kinds of income) stand in for each other, so they do not add up to the whole.",
        "themes_head": ["theme", "features", "AUC", "average precision", "recall (points)"],
        "themes_picture": "Average precision lost when a theme is shuffled",
        "themes_axis": "average precision lost",
        "left_out": "Lost when the model is taught anew without the theme",
    },
}
