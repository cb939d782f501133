#include "launch/score/templates.h"

#include <algorithm>

#include "io/files/nearest_name.h"
#include "launch/score/python_text.h"
#include "runtime/error.h"

namespace switchyard::tasks {
namespace {

Question choices_of(const std::string& context, const std::vector<std::string>& answers,
                    std::size_t gold) {
  Question question{.gold = gold};
  for (const std::string& answer : answers) question.options.push_back({context, answer});
  return question;
}

// Text in brackets within a line comes from the mark-up of WikiHow.
std::string without_brackets(std::string_view text) {
  std::string result;
  for (std::size_t open = 0; (open = text.find('[')) != std::string_view::npos;) {
    const std::size_t end = text.find_first_of("]\n", open);
    const bool closes = end != std::string_view::npos && text[end] == ']';
    result.append(text.substr(0, closes ? open : open + 1));
    text.remove_prefix(closes ? end + 1 : open + 1);
  }
  return result.append(text);
}

std::string hellaswag_text(const std::string& text) {
  return replace_all(without_brackets(replace_all(strip(text), " [title]", ". ")), "  ", " ");
}

Question hellaswag(const Row& row) {
  std::vector<std::string> endings = row.texts("endings");
  for (std::string& ending : endings) ending = hellaswag_text(ending);
  const std::string query =
      row.text("activity_label") + ": " + row.text("ctx_a") + " " + capitalize(row.text("ctx_b"));
  return choices_of(hellaswag_text(query), endings, row.index("label", endings.size()));
}

// The choice whose label is `key`.
std::size_t labelled(const Row& row, std::string_view key) {
  const std::vector<std::string> labels = row.texts("choices/label");
  const auto found = std::ranges::find(labels, key);
  if (found == labels.end()) row.reject("answerKey", fmt::format("is {}, which no label is", key));
  return static_cast<std::size_t>(found - labels.begin());
}

Question labelled_choices(const Row& row, const std::string& context, std::string_view key) {
  const std::vector<std::string> answers = row.texts("choices/text");
  const std::size_t gold = labelled(row, key);
  if (gold >= answers.size()) row.reject("choices/text", "is shorter than choices/label");
  return choices_of(context, answers, gold);
}

std::string asked(const std::string& question) { return "Question: " + question + "\nAnswer:"; }

Question arc(const Row& row) {
  return labelled_choices(row, asked(row.text("question")), row.text("answerKey"));
}

Question openbookqa(const Row& row) {
  const std::string key = row.text("answerKey");
  return labelled_choices(row, row.text("question_stem"), strip_front(key));
}

Question piqa(const Row& row) {
  return choices_of(asked(row.text("goal")), {row.text("sol1"), row.text("sol2")},
                    row.index("label", 2));
}

// label, as SuperGLUE has it, or answer, as the benchmark's own file has it.
Question boolq(const Row& row) {
  const bool own = !row.has("label") && row.has("answer");
  if (own && !row.field("answer").is_boolean()) row.reject("answer", "is neither true nor false");
  const std::size_t gold =
      own ? static_cast<std::size_t>(row.field("answer").get<bool>()) : row.index("label", 2);
  return choices_of(row.text("passage") + "\nQuestion: " + row.text("question") + "?\nAnswer:",
                    {"no", "yes"}, gold);
}

// Each option fills the blank, and what follows it is the answer to both.
Question winogrande(const Row& row) {
  const std::string sentence = row.text("sentence"), answer = row.text("answer");
  const std::size_t blank = sentence.find('_');
  if (blank == std::string::npos) row.reject("sentence", "has no blank _");
  if (answer != "1" && answer != "2") row.reject("answer", "is neither 1 nor 2");
  const std::string before = sentence.substr(0, blank);
  const std::string after(strip(std::string_view(sentence).substr(blank + 1)));
  return {{{before + row.text("option1"), after}, {before + row.text("option2"), after}},
          answer == "1" ? std::size_t{0} : std::size_t{1}};
}

Question mmlu(const Row& row) {
  const std::vector<std::string> letters = {"A", "B", "C", "D"};
  const std::vector<std::string> choices = row.texts("choices");
  if (choices.size() != letters.size()) row.reject("choices", "is not a list of four texts");
  std::string context(strip(row.text("question")));
  for (std::size_t i = 0; i < letters.size(); ++i) {
    context += "\n" + letters[i] + ". " + choices[i];
  }
  const nlohmann::json& answer = row.field("answer");
  const auto letter =
      std::ranges::find(letters, answer.is_string() ? answer.get<std::string>() : "");
  const std::size_t gold = letter != letters.end()
                               ? static_cast<std::size_t>(letter - letters.begin())
                               : row.index("answer", letters.size());
  return choices_of(context + "\nAnswer:", letters, gold);
}

Question lambada(const Row& row) {
  const std::string text = row.text("text");
  const std::size_t space = text.rfind(' ');
  if (space == std::string::npos) return {{{"", " " + text}}};
  return {{{text.substr(0, space), text.substr(space)}}};
}

constexpr Template all_templates[] = {
    {"hellaswag", Kind::normalised, hellaswag},   {"arc_easy", Kind::normalised, arc},
    {"arc_challenge", Kind::normalised, arc},     {"piqa", Kind::normalised, piqa},
    {"openbookqa", Kind::normalised, openbookqa}, {"boolq", Kind::choice, boolq},
    {"winogrande", Kind::choice, winogrande},     {"mmlu", Kind::choice, mmlu},
    {"lambada_openai", Kind::last_word, lambada}, {"lambada_standard", Kind::last_word, lambada},
};

}  // namespace

std::span<const Template> templates() { return all_templates; }

const Template& template_of(std::string_view name) {
  const auto* found = std::ranges::find(all_templates, name, &Template::name);
  if (found != std::end(all_templates)) return *found;
  std::string names;
  for (const Template& each : all_templates)
    names += (names.empty() ? "" : ", ") + std::string(each.name);
  fail(Exit::usage, "there is no task {}; did you mean {}? The tasks are {}", name,
       nearest_name(all_templates, name, &Template::name).name, names);
}

}  // namespace switchyard::tasks
