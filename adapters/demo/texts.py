"""The demo model's longer texts."""

GREETING = (
    "Hello! I am mochi-server's built-in demo model: no neural network, only a few rules and good manners. "
    "Ask me what 12 * 7 is, what you said first, or what this server does."
)

ABOUT_ITSELF = (
    "I am the demo model that is built into mochi-server. I am a set of rules, not a neural network: the same "
    "conversation always gets the same answer from me. I can greet you, do sums, remember what you said, follow a "
    "JSON schema, think out loud when asked, call a tool and ask an agent that you name. To talk to a real model, run "
    "Ollama and start the server without MOCHI_LLM=demo."
)

HOW_TO_GET_A_REAL_MODEL = (
    "Gladly; it takes two steps. First install Ollama from https://ollama.com and fetch a model, for example with "
    "`ollama pull qwen3:0.6b`. Then start `mochi-server` without MOCHI_LLM=demo: it looks for Ollama at "
    "http://localhost:11434, or where MOCHI_OLLAMA_HOST says. GET /api/v1/models lists what you can choose from; "
    "name one of them when you create a session."
)

ABOUT_SERVER = (
    "mochi-server stands between any front end and a language model. It keeps conversations as sessions in plain "
    "JSON files, streams answers as server-sent events, and lets you edit, regenerate, fork, search, export and "
    "import what was said. A model's tools run when you allow it. A run goes on when its reader leaves, if you wish, "
    "and can be joined again or cancelled. GET /openapi.json describes every route."
)

ABOUT_STREAMS = (
    "A stream here is a view of a run, not the run itself. Each event carries an id; a client that was cut off comes "
    "back with the header Last-Event-ID and reads on from the very next event. With on_disconnect set to continue "
    "the run does not even notice that nobody was listening. Cancel it, and what was written so far is kept."
)

HAIKU = "Rice, pounded softly -\na server waits for your words,\nround, warm, and patient."

STORY = (
    "Once there was a small rice cake called Mochi who lived on a server. All day long people sent it their words, "
    "and all day long it carried them, one by one, to a great machine that knew how to answer. The machine was wise "
    "but forgetful: as soon as it had spoken, it remembered nothing. So Mochi kept a notebook. It wrote down every "
    "question before it asked, and every answer while it was still being given, for it knew that lights go out at "
    "the worst of times.\n\n"
    "One evening a traveller stopped listening in the middle of a sentence. Her train had gone into a tunnel. The "
    "great machine talked on, and Mochi wrote on, patiently, into the dark. When the train came out at the other "
    "side, the traveller said only: the last word that I heard was this one. And Mochi turned the page back, found "
    "the place, and read her everything that she had missed, without leaving out a syllable.\n\n"
    "She never learned that there had been a gap. That, thought Mochi, is how it should be."
)

ONE_MORE_THING = (
    " And to add one thing: I am only the demo model, so this is all I can say about it. Ask me something else, or "
    "ask me how to use a real model."
)
