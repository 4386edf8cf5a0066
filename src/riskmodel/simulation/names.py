"""Names for people who do not exist: surnames and given-name characters from two short lists, put together at random.

The lists are ours: common surnames, each as likely as another, and characters that are often seen in given names,
apart for men and women; two in three given names have two characters. A name made so may be somebody's; nothing else
that goes with it can be.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.simulation.unreal import Draw, picked

SURNAMES = tuple(
    "王李张刘陈杨赵黄周吴徐孙胡朱郭何罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴钟汪廖邹熊"
)
OF_MEN = tuple("伟强磊军勇杰涛超刚辉鹏飞鑫波斌宇浩凯俊帆帅旭栋坤彪峻锋骏炜琛")
OF_WOMEN = tuple("芳娜秀敏静丽艳娟霞燕玲桂莉萍婷倩雪琳蓉颖琴薇梅洁莹慧瑶菊莲茜")
_WITH_SECOND = 2 / 3


def names(draw: Draw, *, household: np.ndarray, person: np.ndarray, female: np.ndarray, own: np.ndarray) -> pa.Array:
    """Give each person a name.

    Parameters
    ----------
    household, person : ndarray of int
        Numbers of both; the same number has the same name whoever else is asked for.
    female : ndarray of bool
        Whose given name is drawn from the characters of women.
    own : ndarray of bool
        Who has a surname of their own (married in); the others have the household's.
    """
    of_the_house = draw.below(len(SURNAMES), household, "surname")
    surname = np.where(own, draw.below(len(SURNAMES), person, "own surname"), of_the_house)
    two = draw.below(1_000_000, person, "length of the name") < _WITH_SECOND * 1_000_000
    first, second = (
        np.where(
            female,
            len(OF_MEN) + draw.below(len(OF_WOMEN), person, place),
            draw.below(len(OF_MEN), person, place),
        )
        for place in ("first character", "second character")
    )
    given = (*OF_MEN, *OF_WOMEN)
    parts = (picked(SURNAMES, surname), picked(given, first), picked((*given, ""), np.where(two, second, len(given))))
    return pc.binary_join_element_wise(*parts, "")
