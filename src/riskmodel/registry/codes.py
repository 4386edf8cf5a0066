"""The code book: every code that may stand in a registry, with its words in Chinese and English.

Sources: the national form's code tables as public validators mirror them (risk types, measure groups,
labour skill, schooling). Codes are English snake_case in storage; the labels are for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Lang = Literal["zh", "en"]


@dataclass(frozen=True)
class Code:
    """One code with its Chinese and English label."""

    code: str
    zh: str
    en: str

    def label(self, lang: Lang) -> str:
        """Return the label in ``lang``."""
        return self.zh if lang == "zh" else self.en


def _codes(*rows: tuple[str, str, str]) -> tuple[Code, ...]:
    return tuple(Code(*row) for row in rows)


# Ordered lists (education, housing grade, …) run from low to high: their position is the number a feature uses.
CODE_BOOK: dict[str, tuple[Code, ...]] = {
    "household_type": _codes(
        ("lifted", "脱贫户", "lifted household"),
        ("unlifted", "未脱贫户", "not yet lifted household"),
        ("ordinary", "一般农户", "ordinary household"),
    ),
    "housing_grade": _codes(
        ("A", "A级（安全）", "grade A (safe)"),
        ("B", "B级（基本安全）", "grade B (basically safe)"),
        ("C", "C级（局部危险）", "grade C (partly dangerous)"),
        ("D", "D级（整体危险）", "grade D (dangerous)"),
    ),
    "sex": _codes(("male", "男", "male"), ("female", "女", "female")),
    "relation": _codes(
        ("head", "户主", "head"),
        ("spouse", "配偶", "spouse"),
        ("son", "之子", "son"),
        ("daughter", "之女", "daughter"),
        ("daughter_in_law", "之儿媳", "daughter-in-law"),
        ("son_in_law", "之女婿", "son-in-law"),
        ("grandchild", "之孙子女", "grandchild"),
        ("maternal_grandchild", "之外孙子女", "daughter's child"),
        ("parent", "之父母", "parent"),
        ("parent_in_law", "配偶之父母", "parent-in-law"),
        ("grandparent", "之祖父母", "grandparent"),
        ("sibling", "之兄弟姐妹", "sibling"),
        ("nephew_niece", "之侄子女", "nephew or niece"),
        ("other", "其他", "other"),
    ),
    "education": _codes(
        ("illiterate", "文盲或半文盲", "illiterate or semi-literate"),
        ("primary", "小学", "primary school"),
        ("junior", "初中", "junior secondary"),
        ("senior", "高中", "senior secondary"),
        ("college", "大专", "junior college"),
        ("university", "本科及以上", "university and above"),
    ),
    "school_status": _codes(
        ("preschool_age", "学龄前儿童", "below school age"),
        ("kindergarten", "学前教育", "kindergarten"),
        ("primary", "小学", "primary school"),
        ("junior", "初中", "junior secondary"),
        ("senior", "普通高中", "senior secondary"),
        ("vocational", "中职", "secondary vocational"),
        ("vocational_college", "高职高专", "vocational college"),
        ("undergraduate", "本科", "undergraduate"),
        ("postgraduate", "硕士及以上", "postgraduate"),
        ("dropped_out", "失学辍学", "out of school"),
    ),
    "labour_skill": _codes(
        ("skilled", "技能劳动力", "skilled worker"),
        ("ordinary", "普通劳动力", "ordinary worker"),
        ("weak", "弱劳动力或半劳动力", "weak or part worker"),
        ("lost", "丧失劳动力", "lost the ability to work"),
        ("none", "无劳动力", "not of working ability"),
    ),
    "income_source": _codes(
        ("wage", "工资性收入", "wage income"),
        ("operating", "生产经营性收入", "operating income"),
        ("property", "财产性收入", "property income"),
        ("transfer", "转移性收入", "transfer income"),
        ("operating_cost", "生产经营性支出", "operating cost"),
        ("claims", "理赔收入", "claims income"),
    ),
    "spending_kind": _codes(
        ("medical_oop", "合规自付医疗支出", "compliant out-of-pocket medical spending"),
        ("education", "教育支出", "education spending"),
        ("housing", "住房支出", "housing spending"),
        ("other", "其他支出", "other spending"),
    ),
    "event_kind": _codes(
        ("illness", "生病", "illness"),
        ("accident", "意外事故", "accident"),
        ("disaster", "自然灾害", "natural disaster"),
        ("job_loss", "失业", "job loss"),
        ("enterprise_failure", "产业（项目）失败", "enterprise failure"),
        ("death", "死亡", "death"),
    ),
    "job_place": _codes(
        ("village", "村内", "in the village"),
        ("township", "乡镇内", "in the township"),
        ("county", "县内", "in the county"),
        ("province", "省内县外", "in the province"),
        ("outside", "省外", "outside the province"),
        ("abroad", "国外", "abroad"),
    ),
    "job_kind": _codes(
        ("migrant", "外出务工", "migrant work"),
        ("local", "本地务工", "local work"),
        ("public_post", "公益性岗位", "public-welfare post"),
        ("own", "自主经营", "own business"),
    ),
    "measure_kind": _codes(
        ("industry", "产业帮扶", "industry support"),
        ("jobs", "就业帮扶", "job support"),
        ("finance", "金融帮扶", "credit support"),
        ("public_post", "公益岗位帮扶", "public-welfare post"),
        ("health", "健康帮扶", "health support"),
        ("compulsory_education", "义务教育保障", "compulsory education"),
        ("other_education", "其他教育帮扶", "other education support"),
        ("protection", "综合保障", "social protection (dibao, tekun, disability)"),
        ("housing", "住房安全保障", "housing safety"),
        ("water", "饮水安全保障", "water safety"),
        ("social", "社会帮扶", "social support"),
        ("relocation", "搬迁", "relocation"),
        ("living_conditions", "生产生活条件改善", "better living conditions"),
        ("infrastructure", "基础设施", "infrastructure"),
    ),
    "guarantee_item": _codes(
        ("food_clothing", "不愁吃穿", "food and clothing"),
        ("education", "义务教育", "compulsory education"),
        ("medical", "基本医疗", "basic medical insurance"),
        ("housing", "住房安全", "safe housing"),
        ("water", "饮水安全", "safe drinking water"),
    ),
    "listing_category": _codes(
        ("unstable_lifted", "脱贫不稳定户", "unstable lifted household"),
        ("marginal", "边缘易致贫户", "marginal household"),
        ("sudden_hardship", "突发严重困难户", "sudden severe-hardship household"),
    ),
    "elimination_mode": _codes(
        ("assisted", "帮扶消除", "eliminated by assistance"),
        ("natural", "自然消除", "eliminated naturally"),
    ),
    "risk_type": _codes(
        ("illness", "因病", "illness"),
        ("disability", "因残", "disability"),
        ("schooling", "因学", "schooling"),
        ("disaster", "因自然灾害", "natural disaster"),
        ("accident", "因意外事故", "accident"),
        ("enterprise_failure", "因产业（项目）失败", "enterprise failure"),
        ("job_instability", "因务工就业不稳", "unstable employment"),
        ("labour_shortage", "缺劳动力", "labour shortage"),
        ("housing", "因安全住房", "unsafe housing"),
        ("water", "因安全饮水", "unsafe water"),
        ("other", "其他", "other"),
    ),
    "visit_source": _codes(
        ("model", "模型线索", "model"),
        ("rule", "规则线索", "rule"),
        ("self_report", "农户自主申报", "self-declaration"),
        ("cadre_patrol", "干部排查", "cadre patrol"),
        ("department", "部门筛查预警", "department screening"),
    ),
    "visit_verdict": _codes(
        ("at_risk", "存在风险", "at risk"),
        ("no_risk", "暂无风险", "no risk found"),
        ("unreachable", "家中无人", "household not reached"),
    ),
}


def codes(name: str) -> list[str]:
    """Return the codes of the list ``name`` in order.

    >>> codes("sex")
    ['male', 'female']
    """
    return [entry.code for entry in CODE_BOOK[name]]


def label(name: str, code: str, lang: Lang) -> str:
    """Return the label of ``code`` in the list ``name``; the code itself where it has none.

    >>> label("risk_type", "illness", "zh")
    '因病'
    """
    for entry in CODE_BOOK[name]:
        if entry.code == code:
            return entry.label(lang)
    return code
