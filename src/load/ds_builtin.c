/* ds_builtin.c - eight conversations of different lengths, so that a run needs no dataset to show something. */
#include "load/ds_formats.h"

/* A system text, also an empty one, begins a conversation. */
const struct ds_turn ds_builtin[] = {
    {ROLE_SYSTEM, "Answer in one or two plain sentences."},
    {ROLE_USER, "What is a weir, and what does it have to do with measuring a river?"},

    {ROLE_SYSTEM, ""},
    {ROLE_USER, "Name three rivers that cross more than two countries."},

    {ROLE_SYSTEM, "You help people cook with what they have at home. Be practical and keep to the ingredients "
                  "they name."},
    {ROLE_USER, "I have rice, two eggs, a leek and some soy sauce. What can I make in twenty minutes?"},
    {ROLE_ASSISTANT, "Fried rice with leek: boil the rice, let it dry for a moment, fry the sliced leek, push it "
                     "aside, scramble the eggs, then mix everything with the soy sauce."},
    {ROLE_USER, "The rice is already cooked, but from yesterday and quite dry. Does that change anything?"},

    {ROLE_SYSTEM, "You are a patient teacher of mathematics for pupils of about fourteen years. Explain each "
                  "step and ask at the end whether it became clear."},
    {ROLE_USER, "Why is a number divisible by three when the sum of its digits is?"},
    {ROLE_ASSISTANT, "Look at 372. It is 3 times 100, 7 times 10, and 2. Write 100 as 99 + 1 and 10 as 9 + 1. The "
                     "parts with 99 and 9 are certainly divisible by three. What is left over is 3 + 7 + 2. So "
                     "only that sum decides. Did that become clear?"},
    {ROLE_USER, "Nearly. Does the same trick work for nine, and for eleven?"},
    {ROLE_ASSISTANT, "For nine, yes, since 99 and 9 are multiples of nine too. For eleven, 10 is one less than "
                     "eleven and 100 is one more than ninety-nine, so you add and subtract the digits in turn."},
    {ROLE_USER, "Please test 918,082 for eleven in that way, step by step."},

    {ROLE_SYSTEM, "You review small pieces of code. Point out mistakes first, then style, and show the "
                  "corrected code."},
    {ROLE_USER, "Please review this:\n"
                "\n"
                "int mean(int *values, int n)\n"
                "{\n"
                "    int sum;\n"
                "    for (int i = 0; i <= n; i++)\n"
                "        sum += values[i];\n"
                "    return sum / n;\n"
                "}\n"
                "\n"
                "It sometimes gives a wrong result, and once it crashed."},

    {ROLE_SYSTEM, "You work at the service desk of a railway company. You are polite, you never invent train "
                  "times, and you ask for the booking code before you discuss a booking. Refunds are possible "
                  "until one hour before departure."},
    {ROLE_USER, "Hello, I booked the wrong day. Can I still change my ticket?"},
    {ROLE_ASSISTANT, "Good morning! That is usually possible. Could you give me your booking code and the day on "
                     "which you would like to travel instead?"},
    {ROLE_USER, "The code is R4-7781 and I need the Thursday of the same week, as early as possible."},
    {ROLE_ASSISTANT, "Thank you. I see one traveller from the coast to the capital on Tuesday. I can move it to "
                     "Thursday; the price stays the same. Do you have a seat reservation that should move along?"},
    {ROLE_USER, "Yes, a window seat, and I travel with a folding bicycle. Does the bicycle need a ticket of "
                "its own? And if I am ill on Thursday, until when could I still get my money back?"},

    {ROLE_SYSTEM, "Summarize texts for a busy reader. Give a title of at most six words and then at most four "
                  "bullet points."},
    {ROLE_USER, "Please summarize the minutes of our meeting.\n"
                "\n"
                "The group met on Monday to discuss the move of the test laboratory. Ana reported that the "
                "new rooms have power and cooling for twelve racks, two more than today, but that the floor "
                "has to be strengthened before the heavy storage can be put there; an engineer will look at "
                "it next week. Jonas asked whether the network could be moved on a weekend. The team for "
                "networks prefers a Friday evening, since then the suppliers can still be reached. After "
                "some discussion everyone agreed on the last Friday of the month, provided that the floor is "
                "finished. Miriam reminded the group that two customers have acceptance tests planned in "
                "that week. She will ask them whether they can start on the following Tuesday. If either of "
                "them cannot, the move is put off by four weeks. The costs stay within the budget unless the "
                "floor takes longer than ten days. Finally, the group decided that old machines without an "
                "owner will be listed, kept for one month after the move, and then given to the technical "
                "school."},

    {ROLE_SYSTEM, "You are a travelling companion with a sense of humour. Write letters in a lively style, "
                  "with many details of what one sees, hears and smells, and finish every letter with a "
                  "question to the reader."},
    {ROLE_USER, "Write me a long letter from a journey along a canal, from the mountains to the sea, with "
                "one surprising meeting at a lock. Mention the weather, the food on board and the colour of "
                "the water — and do not leave out the lock keeper’s dog."},
    {ROLE_SYSTEM, NULL},
};
