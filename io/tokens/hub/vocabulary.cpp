#include "io/tokens/hub/vocabulary.h"

#include <fmt/core.h>

#include <algorithm>

#include "io/text/escape.h"

namespace switchyard::hub {
namespace {

std::string shown(const std::string& token) { return terminal_text(shortened(token, 100)); }

AddedToken read_added_token(const JsonPart& part) {
  part.allow({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  AddedToken token;
  token.text = part.text("content");
  token.id = static_cast<std::int32_t>(part.integer("id", 0, largest_id));
  token.special = part.flag("special", false);
  token.normalized = part.flag("normalized", !token.special);
  token.single_word = part.flag("single_word", false);
  token.takes_left = part.flag("lstrip", false);
  token.takes_right = part.flag("rstrip", false);
  if (token.text.empty()) part.refuse("it has no text");
  return token;
}

}  // namespace

Vocabulary::Vocabulary(const JsonPart& part) {
  const JsonPart vocab = part.at("model").at("vocab");
  if (!vocab.value().is_object()) vocab.refuse("it is not an object of tokens and their ids");
  for (const auto& [text, id] : vocab.value().items()) {
    const bool fits = id.is_number_unsigned() &&
                      id.get<std::uint64_t>() <= static_cast<std::uint64_t>(largest_id);
    if (!fits)
      vocab.refuse(fmt::format("the id of '{}' is not a whole number from 0 to {}", shown(text),
                               largest_id));
    const auto known = ids_.emplace(text, static_cast<std::int32_t>(id.get<std::int64_t>())).first;
    add_id(known->second, known->first, vocab);
  }
  if (ids_.empty()) vocab.refuse("it has no tokens");
  if (part.has("added_tokens")) add_added_tokens(part);
}

void Vocabulary::add_id(std::int32_t id, const std::string& text, const JsonPart& part) {
  const auto place = static_cast<std::size_t>(id);
  if (place >= texts_.size()) texts_.resize(place + 1);
  if (texts_[place] != nullptr && *texts_[place] != text)
    part.refuse(
        fmt::format("'{}' and '{}' have the same id {}", shown(*texts_[place]), shown(text), id));
  texts_[place] = &text;
}

// The library numbers added tokens that the model lacks by their order, whatever the file says.
void Vocabulary::add_added_tokens(const JsonPart& part) {
  const auto num_ids = static_cast<std::int32_t>(ids_.size());
  std::int32_t last = -1;
  for (const JsonPart& item : part.items("added_tokens")) {
    AddedToken token = read_added_token(item);
    const auto of_model = ids_.find(token.text);
    if (of_model != ids_.end() && of_model->second != token.id)
      item.refuse(fmt::format("'{}' has the id {} here and {} in the model's vocabulary",
                              shown(token.text), token.id, of_model->second));
    const auto [known, is_new] = added_ids_.emplace(token.text, token.id);
    if (!is_new) item.refuse(fmt::format("'{}' is there twice", shown(token.text)));
    add_id(token.id, known->first, item);
    const std::int32_t place = last >= num_ids ? last + 1 : num_ids;
    if (of_model == ids_.end() && token.id != place)
      item.refuse(fmt::format("'{}' has the id {} here, but {} by its place in the list",
                              shown(token.text), token.id, place));
    last = std::max(last, token.id);
    added_.push_back(std::move(token));
  }
}

std::int32_t Vocabulary::id_of(const std::string& text) const {
  for (const auto* ids : {&added_ids_, &ids_}) {
    const auto found = ids->find(text);
    if (found != ids->end()) return found->second;
  }
  return -1;
}

const std::string* Vocabulary::text_of(std::int32_t id) const {
  return id >= 0 && id < size() ? texts_[static_cast<std::size_t>(id)] : nullptr;
}

}  // namespace switchyard::hub
