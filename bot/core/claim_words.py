"""Words that bear on whether a sentence says no more than its quotes."""

from collections.abc import Mapping


def words_of(words: str) -> frozenset[str]:
    """A set from words apart by spaces."""
    return frozenset(words.split())


NEGATORS = words_of(
    "not no never none nor neither cannot nothing nobody hardly rarely seldom scarcely barely "
    "can't cant don't dont doesn't doesnt isn't isnt aren't arent wasn't weren't won't wouldn't shouldn't didn't "
    "couldn't hasn't haven't hadn't mustn't needn't"
)
FUNCTION = words_of(
    "a an the of to in on for is are was were be been being am it its it's this that these those with and or by as at "
    "your you we our us i my me they them their he she his her will would can could should shall may might do does did "
    "done has have had having from into onto over under up out so than then there here what which who whom whose how "
    "why where when while if whether but because since although though about also even just both each either such like "
    "rather instead yet too very some any other others another own same s t re ve ll d"
)
NEUTRAL = words_of(
    "become becomes becoming became remain remains remained stay stays staying continue continues still keep keeps "
    "include includes including included cover covers covering involve involves "
    "need needs needed needing require requires required must able make makes making made get gets getting give gives "
    "giving take takes taking go goes going use uses using used rely relies relying mean means meaning say says said "
    "come comes work works example examples area areas topic topics thing things something way ways part parts one ones "
    "now today already well increasingly mainly currently often article text author people someone time fact case "
    "according suggest suggests suggested describe describes mention mentions "
    "turn turns turned help helps around roughly approximately ask asks asking question questions consider "
    "wonder wonders wondering whether getting them themselves itself exactly actually simply really"
)
"""Words that say little by themselves: missing ones do not count."""
STRONG = words_of(
    "always all every everything everyone everybody only entirely completely fully totally solely purely exclusively "
    "guarantee guarantees guaranteed impossible best worst definitely certainly perfect perfectly forever eliminate "
    "eliminates nothing never none nobody most majority usually half twice double triple dozen hundred hundreds "
    "thousand thousands million millions billion billions first last"
)
"""Words that make a claim larger: each has to stand in the quotes."""
SAME: Mapping[str, str] = {
    word: words.split()[0]
    for words in (
        "engineer engineers developer developers programmer programmers dev devs coder coders",
        "write writes writing written generate generates generating generated create creates creating produce produces",
        "help assist assists assisting helps",
        "valuable value values",
        "important importance matter matters",
        "fast faster fastest quick quickly",
        "hard harder hardest difficult",
        "easy easier easiest",
        "enough sufficient suffice",
        "move moves moving shift shifts shifting",
        "knowledge expertise",
        "toward towards",
        "commoditized commodity",
        "deep depth deeply deeper",
        "broad breadth broader broadly",
        "human humans person",
        "learn learning study",
    )
    for word in words.split()
}
OPPOSITES = (
    "more less", "more fewer", "many few", "most few", "increase reduce", "increase decrease", "raise lower",
    "raise reduce", "rise fall", "improve degrade", "improve reduce", "easy hard", "deep broad", "deep shallow",
    "slow fast", "better worse", "high low", "synchronous asynchronous", "simple complex", "strong weak", "gain lose",
    "always rarely", "often rarely", "before after", "add remove", "enable disable", "allow forbid", "human ai",
    "success failure", "first last", "synchronously asynchronously", "efficient inefficient", "reliable unreliable",
)  # fmt: skip
