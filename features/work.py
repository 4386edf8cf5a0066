"""Work: how much there has been, of which kind and where, and how steady the jobs are."""

from riskmodel.features import History, Number, View, feature, months_since

from .labour import able

THEME = ("务工就业", "Work")

PAID = ["migrant", "local", "public_post"]
DAYS_A_MONTH = 365.25 / 12


def months_worked(view: View) -> Number:
    """The months that the spells of a view of the job table overlap its window, all members together."""
    return view.days() / DAYS_A_MONTH


@feature(
    months=(3, 12),
    unit="month",
    risk_type="job_instability",
    zh="近{months}个月务工（含公益性岗位）累计月数",
    en="months of paid work, all members together, last {months} months",
    idea="at_work",
)
def work_months(h: History, months: int) -> Number:
    return months_worked(h.job.where(kind=PAID).last(months=months))


@feature(
    unit="month",
    risk_type="job_instability",
    zh="近12个月务工（含公益性岗位）累计月数比前一年增减",
    en="change in the months of paid work against the year before",
    idea="at_work",
)
def work_months_change_12m(h: History) -> Number:
    paid = h.job.where(kind=PAID)
    return months_worked(paid.last(months=12)) - months_worked(paid.last(months=12, skip=12))


@feature(
    unit="month",
    risk_type="job_instability",
    missing="nobody able to work",
    missing_zh="无有劳动能力者",
    zh="近12个月每名有劳动能力者平均务工月数",
    en="months of paid work per member able to work, last 12 months",
    idea="at_work",
)
def work_months_per_able_12m(h: History) -> Number:
    return months_worked(h.job.where(kind=PAID).last(months=12)) / able(h).count()


@feature(
    months=(3, 12),
    unit="month",
    risk_type="job_instability",
    zh="近{months}个月外出务工累计月数",
    en="months of migrant work, all members together, last {months} months",
    idea="migrant_work",
)
def migrant_months(h: History, months: int) -> Number:
    return months_worked(h.job.where(kind="migrant").last(months=months))


@feature(
    unit="month",
    risk_type="job_instability",
    zh="近12个月本地务工累计月数",
    en="months of local work, all members together, last 12 months",
    idea="local_work",
)
def local_work_months_12m(h: History) -> Number:
    return months_worked(h.job.where(kind="local").last(months=12))


@feature(
    unit="month",
    risk_type="job_instability",
    zh="近12个月公益性岗位累计月数",
    en="months in public-welfare posts, all members together, last 12 months",
    idea="public_post",
)
def public_post_months_12m(h: History) -> Number:
    return months_worked(h.job.where(kind="public_post").last(months=12))


@feature(
    unit="month",
    risk_type="enterprise_failure",
    zh="近12个月自主经营累计月数",
    en="months of own business, all members together, last 12 months",
)
def own_business_months_12m(h: History) -> Number:
    return months_worked(h.job.where(kind="own").last(months=12))


@feature(
    unit="month",
    risk_type="job_instability",
    zh="近12个月在省外或国外务工累计月数",
    en="months of paid work outside the province, all members together, last 12 months",
    idea="migrant_work",
)
def far_work_months_12m(h: History) -> Number:
    return months_worked(h.job.where(kind=PAID, place=["outside", "abroad"]).last(months=12))


@feature(
    unit="month",
    risk_type="job_instability",
    zh="近12个月在县内务工累计月数",
    en="months of paid work within the county, all members together, last 12 months",
    idea="local_work",
)
def near_work_months_12m(h: History) -> Number:
    return months_worked(h.job.where(kind=PAID, place=["village", "township", "county"]).last(months=12))


@feature(
    unit="job",
    risk_type="job_instability",
    zh="当前在职工作数",
    en="jobs held now",
    idea="at_work",
)
def jobs_held(h: History) -> Number:
    return h.job.where(kind=PAID).in_force().count()


@feature(
    unit="person",
    risk_type="job_instability",
    zh="当前在职人数",
    en="members at work now",
    idea="at_work",
)
def workers_now(h: History) -> Number:
    return h.job.where(kind=PAID).in_force().distinct("member_id")


@feature(
    unit="person",
    risk_type="job_instability",
    zh="当前外出务工人数",
    en="members away as migrant workers now",
    idea="migrant_work",
)
def migrants_now(h: History) -> Number:
    return h.job.where(kind="migrant").in_force().distinct("member_id")


@feature(
    unit="share",
    risk_type="job_instability",
    missing="nobody able to work",
    missing_zh="无有劳动能力者",
    zh="当前在职工作数与有劳动能力人数之比",
    en="jobs held now per member able to work",
    idea="at_work",
)
def jobs_per_able(h: History) -> Number:
    return h.job.where(kind=PAID).in_force().count() / able(h).count()


@feature(
    months=(6, 12),
    unit="job",
    risk_type="job_instability",
    zh="近{months}个月结束的工作数",
    en="jobs that ended in the last {months} months",
    idea="jobs_ended",
)
def jobs_ended(h: History, months: int) -> Number:
    return h.job.ended(months=months).count()


@feature(
    unit="job",
    risk_type="job_instability",
    zh="近12个月开始的工作数",
    en="jobs that began in the last 12 months",
    idea="jobs_ended",
)
def jobs_begun_12m(h: History) -> Number:
    return h.job.where(kind=PAID).last(months=12).count()


@feature(
    unit="person",
    risk_type="job_instability",
    zh="近12个月结束外出务工（返乡）人数",
    en="members whose migrant work ended in the last 12 months (return migrants)",
    idea="jobs_ended",
)
def migrants_returned_12m(h: History) -> Number:
    return h.job.where(kind="migrant").ended(months=12).distinct("member_id")


@feature(
    unit="month",
    risk_type="job_instability",
    missing="no paid job held now",
    missing_zh="当前无人在职",
    zh="当前工作平均已持续月数",
    en="mean months for which the present jobs have been held",
    idea="at_work",
)
def job_tenure(h: History) -> Number:
    return h.job.where(kind=PAID).in_force().mean(months_since("started_on"))


@feature(
    unit="month",
    risk_type="job_instability",
    missing="no job has ended",
    missing_zh="没有结束的工作",
    zh="距最近一份工作结束的月数",
    en="months since a job last ended",
    idea="jobs_ended",
)
def months_since_job_end(h: History) -> Number:
    return h.job.ended().min(months_since("ended_on"))
