#include "sim/sim_text.h"

#include "base/rng.h"

struct vocab_word {
    const char *text;
    const char *json;
    unsigned char n_text, n_json;
};

/* clang-format off */
#define W(t) {t, t, sizeof(t) - 1, sizeof(t) - 1}
#define S(t, j) {t, j, sizeof(t) - 1, sizeof(j) - 1}
static const struct vocab_word vocab[] = {
    W("the"), W("of"), W("and"), W("to"), W("in"), W("a"), W("is"), W("that"), W("for"), W("it"), W("as"), W("was"),
    W("with"), W("be"), W("by"), W("on"), W("not"), W("he"), W("his"), W("but"), W("at"), W("are"), W("this"),
    W("have"), W("from"), W("or"), W("had"), W("an"), W("they"), W("which"), W("one"), W("you"), W("were"), W("all"),
    W("her"), W("she"), W("there"), W("would"), W("their"), W("we"), W("him"), W("been"), W("has"), W("when"),
    W("who"), W("will"), W("no"), W("more"), W("if"), W("out"), W("so"), W("up"), W("said"), W("what"), W("its"),
    W("about"), W("than"), W("into"), W("them"), W("can"), W("only"), W("other"), W("time"), W("new"), W("some"),
    W("could"), W("these"), W("two"), W("may"), W("first"), W("then"), W("do"), W("any"), W("like"), W("my"),
    W("now"), W("over"), W("such"), W("our"), W("man"), W("me"), W("even"), W("most"), W("made"), W("after"),
    W("also"), W("did"), W("many"), W("off"), W("before"), W("must"), W("well"), W("back"), W("through"), W("years"),
    W("much"), W("where"), W("your"), W("way"), W("down"), W("should"), W("because"), W("long"), W("each"), W("just"),
    W("state"), W("those"), W("people"), W("too"), W("mr"), W("how"), W("little"), W("good"), W("world"), W("make"),
    W("very"), W("year"), W("still"), W("see"), W("own"), W("work"), W("men"), W("day"), W("get"), W("here"),
    W("old"), W("life"), W("both"), W("between"), W("being"), W("under"), W("three"), W("never"), W("know"),
    W("same"), W("last"), W("another"), W("while"), W("us"), W("might"), W("great"), W("go"), W("come"), W("since"),
    W("against"), W("right"), W("came"), W("take"), W("used"), W("himself"), W("few"), W("house"), W("use"),
    W("place"), W("during"), W("high"), W("without"), W("again"), W("home"), W("around"), W("small"), W("however"),
    W("found"), W("thought"), W("went"), W("say"), W("part"), W("once"), W("general"), W("upon"), W("school"),
    W("every"), W("don't"), W("does"), W("got"), W("united"), W("left"), W("number"), W("course"), W("war"),
    W("until"), W("always"), W("away"), W("something"), W("fact"), W("water"), W("less"), W("public"), W("put"),
    W("think"), W("almost"), W("hand"), W("enough"), W("far"), W("took"), W("head"), W("yet"), W("better"), W("set"),
    W("told"), W("nothing"), W("night"), W("end"), W("why"), W("find"), W("asked"), W("going"), W("knew"),
    W("toward"), W("days"), W("later"), W("didn't"), W("point"), W("second"), W("social"), W("per"), W("give"),
    W("young"), W("business"), W("hold"), W("early"), W("light"), W("line"), W("open"), W("turn"), W("north"),
    W("south"), W("river"), W("stream"), W("weir"), W("flow"), W("gate"), W("basin"), W("bank"), W("current"),
    W("level"), W("gauge"), W("depth"), W("width"), W("channel"), W("spring"), W("summer"), W("autumn"), W("winter"),
    W("stone"), W("iron"), W("wood"), W("paper"), W("letter"), W("book"), W("story"), W("music"), W("table"),
    W("window"), W("garden"), W("street"), W("city"), W("village"), W("bridge"), W("boat"), W("ship"), W("sail"),
    W("wind"), W("rain"), W("snow"), W("cloud"), W("storm"), W("sun"), W("moon"), W("star"), W("field"), W("forest"),
    W("valley"), W("mountain"), W("hill"), W("shore"), W("sand"), W("wave"), W("tide"), W("lake"), W("sea"),
    W("ocean"), W("island"), W("harbor"), W("market"), W("price"), W("trade"), W("money"), W("bread"), W("salt"),
    W("sugar"), W("apple"), W("orange"), W("grape"), W("honey"), W("milk"), W("coffee"), W("tea"), W("fire"),
    W("smoke"), W("ash"), W("metal"), W("gold"), W("silver"), W("copper"), W("glass"), W("clay"), W("brick"),
    W("roof"), W("wall"), W("door"), W("floor"), W("lamp"), W("clock"), W("hour"), W("minute"), W("moment"),
    W("memory"), W("reason"), W("question"), W("answer"), W("measure"), W("weight"), W("scale"), W("balance"),
    W("order"), W("system"), W("method"), W("theory"), W("model"), W("signal"), W("noise"), W("pattern"), W("random"),
    W("sample"), W("mean"), W("median"), W("spread"), W("error"), W("limit"), W("bound"), W("graph"), W("chart"),
    W("axis"), W("slope"), W("curve"), W("peak"), W("trough"), W("queue"), W("batch"), W("token"), W("stride"),
    W("cache"), W("layer"), W("kernel"), W("thread"), W("buffer"), W("packet"), W("socket"), W("server"), W("client"),
    W("request"), W("reply"), W("header"), W("body"), W("chunk"), W("frame"), W("byte"), W("word"), W("sentence"),
    W("page"), W("chapter"), W("index"), W("title"), W("author"), W("reader"), W("voice"), W("silence"), W("sound"),
    W("echo"), W("color"), W("red"), W("green"), W("blue"), W("white"), W("black"), W("bright"), W("dark"), W("warm"),
    W("cold"), W("quick"), W("slow"), W("heavy"), W("gentle"), W("narrow"), W("deep"), W("shallow"), W("steady"),
    W("sudden"),
    S("\"quoted\"", "\\\"quoted\\\""), S("back\\slash", "back\\\\slash"), S("C:\\temp\\x", "C:\\\\temp\\\\x"),
    S("and/or", "and\\/or"), S("{\"a\":1}", "{\\\"a\\\":1}"), S("[DONE]", "[DONE]"), S("data:", "data:"),
    S("<b>&amp;</b>", "<b>&amp;</b>"), S("bell\007", "bell\\u0007"), S("back\010", "back\\b"),
    S("esc\033[0m", "esc\\u001b[0m"), S("del\177", "del\177"), S("na\303\257ve", "na\303\257ve"),
    S("caf\303\251", "caf\\u00e9"), S("Stra\303\237e", "Stra\303\237e"),
    S("\316\225\316\273\316\273\316\254\316\264\316\261", "\316\225\316\273\316\273\316\254\316\264\316\261"),
    S("\320\234\320\276\321\201\320\272\320\262\320\260", "\320\234\320\276\321\201\320\272\320\262\320\260"),
    S("\346\227\245\346\234\254\350\252\236", "\346\227\245\346\234\254\350\252\236"),
    S("\344\270\255\346\226\207", "\\u4e2d\\u6587"),
    S("\355\225\234\352\265\255\354\226\264", "\355\225\234\352\265\255\354\226\264"),
    S("\327\242\327\221\327\250\327\231\327\252", "\327\242\327\221\327\250\327\231\327\252"),
    S("\330\247\331\204\330\271\330\261\330\250\331\212\330\251", "\330\247\331\204\330\271\330\261\330\250\331\212\330\251"),
    S("\340\244\271\340\244\277\340\244\250\340\245\215\340\244\246\340\245\200", "\340\244\271\340\244\277\340\244\250\340\245\215\340\244\246\340\245\200"),
    S("\340\271\204\340\270\227\340\270\242", "\340\271\204\340\270\227\340\270\242"),
    S("\360\237\231\202", "\360\237\231\202"), S("\360\237\232\200", "\\ud83d\\ude80"),
    S("\360\237\221\251\342\200\215\360\237\224\254", "\360\237\221\251\342\200\215\360\237\224\254"),
    S("e\314\201", "e\\u0301"), S("\342\202\2545", "\\u20ac5"), S("\302\275", "\302\275"),
    S("\342\200\246", "\342\200\246"), S("\342\200\224", "\342\200\224"),
    S("\342\200\234smart\342\200\235", "\342\200\234smart\342\200\235"), S("it's", "it's"), S("100%", "100%"),
    S("%s%n", "%s%n"), S("a,b;c", "a,b;c"), S("x=y&z", "x=y&z"), S("$HOME", "$HOME"), S("\\u0041", "\\\\u0041"),
};
/* clang-format on */

size_t sim_vocabulary(void)
{
    return ARRAY_LEN(vocab);
}

struct sim_word sim_vocabulary_at(size_t i)
{
    const struct vocab_word *v = &vocab[i];
    return (struct sim_word){{"", 0}, {v->json, v->n_json}, {v->text, v->n_text}};
}

struct sim_word sim_word_at(uint64_t seed, uint64_t request, uint64_t k)
{
    uint64_t u = rng_u64(seed, RNG_SIM_TEXT, (request << 24) + k);
    struct sim_word w = sim_vocabulary_at((size_t)(((u >> 32) * ARRAY_LEN(vocab)) >> 32));
    if (k > 0)
        w.sep = (u & 31) == 0 ? STR("\\n") : STR(" ");
    return w;
}

size_t sim_word_json(uint64_t seed, uint64_t request, uint64_t k, char out[SIM_WORD_MAX])
{
    struct sim_word w = sim_word_at(seed, request, k);
    memcpy(out, w.sep.p, w.sep.n);
    memcpy(out + w.sep.n, w.json.p, w.json.n);
    return w.sep.n + w.json.n;
}

/* Length of the white space character at p, 0 when there is none. UTF-8 forms of U+0085, U+00A0, U+1680, U+2000-200A,
 * U+2028, U+2029, U+202F, U+205F and U+3000 besides the ASCII ones. */
static size_t space_at(const unsigned char *p, size_t n)
{
    if (p[0] == ' ' || (p[0] >= '\t' && p[0] <= '\r'))
        return 1;
    if (p[0] < 0x80)
        return 0;
    if (n >= 2 && p[0] == 0xC2)
        return p[1] == 0x85 || p[1] == 0xA0 ? 2 : 0;
    if (n < 3)
        return 0;
    unsigned tail = (unsigned)p[1] << 8 | p[2];
    if (p[0] == 0xE1)
        return tail == 0x9A80 ? 3 : 0;
    if (p[0] == 0xE2)
        return (tail >= 0x8080 && tail <= 0x808A) || tail == 0x80A8 || tail == 0x80A9 || tail == 0x80AF ||
                       tail == 0x819F
                   ? 3
                   : 0;
    return p[0] == 0xE3 && tail == 0x8080 ? 3 : 0;
}

bool sim_next_word(struct str *rest, struct str *word)
{
    const unsigned char *p = (const unsigned char *)rest->p;
    size_t i = 0, sp;
    while (i < rest->n && (sp = space_at(p + i, rest->n - i)) > 0)
        i += sp;
    size_t from = i;
    while (i < rest->n && space_at(p + i, rest->n - i) == 0)
        i++;
    *word = str_sub(*rest, from, i - from);
    *rest = str_sub(*rest, i, rest->n);
    return word->n > 0;
}

uint64_t sim_count_words(struct str text)
{
    const unsigned char *p = (const unsigned char *)text.p;
    uint64_t words = 0;
    bool inside = false;
    for (size_t i = 0; i < text.n;) {
        size_t sp = space_at(p + i, text.n - i);
        if (sp == 0 && !inside)
            words++;
        inside = sp == 0;
        i += sp == 0 ? 1 : sp;
    }
    return words;
}
