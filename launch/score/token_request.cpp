#include "launch/score/token_request.h"

#include <algorithm>

#include "launch/score/python_text.h"
#include "runtime/error.h"

namespace switchyard::tasks {
namespace {

using Tokens = std::vector<std::int32_t>;

void append(std::span<const std::int32_t> tokens, Tokens& to) {
  to.insert(to.end(), tokens.begin(), tokens.end());
}

}  // namespace

Tokens RequestEncoder::whole(std::string_view text) const {
  Tokens tokens = tokenizer_.encode(text);
  const bool begun = !tokens.empty() && tokens.front() == tokenizer_.boundary();
  if (!begun) tokens.insert(tokens.begin(), tokenizer_.boundary());
  return tokens;
}

TokenRequest RequestEncoder::encode(std::string_view context, std::string_view continuation,
                                    std::string_view where) {
  const std::size_t moved = trailing_white_space(context);
  std::string wanted(context.substr(context.size() - moved));
  context.remove_suffix(moved);
  wanted += continuation;
  if (last_tokens_.empty() || last_context_ != context) {
    last_context_ = context;
    last_tokens_ = whole(context);
  }
  TokenRequest encoded{.request = {.tokens = last_tokens_, .first = std::ssize(last_tokens_)}};
  auto& [tokens, first] = encoded.request;
  const Tokens all = whole(last_context_ + wanted);
  encoded.joined = !std::ranges::equal(
      last_tokens_, std::span(all).first(std::min(all.size(), last_tokens_.size())));
  if (all.size() > last_tokens_.size()) {
    append(std::span(all).subspan(last_tokens_.size()), tokens);
  } else {
    append(tokenizer_.encode(wanted), tokens);
  }
  const std::int64_t asked = std::ssize(tokens) - first;
  require(asked > 0, Exit::data, "{}: the continuation is empty", where);
  require(
      asked <= max_length_, Exit::data,
      "{}: the continuation has {} tokens, more than the {} that the model reads (--max-length)",
      where, asked, max_length_);
  const std::int64_t over = std::ssize(tokens) - (max_length_ + 1);
  if (over > 0) {
    tokens.erase(tokens.begin(), tokens.begin() + over);
    first -= over;
    encoded.cut = true;
  }
  return encoded;
}

std::vector<ScoreRequest> RequestEncoder::rolling(std::string_view text) const {
  const Tokens tokens = whole(text);  // each but the first is asked for
  std::vector<ScoreRequest> requests;
  for (std::int64_t next = 1; next < std::ssize(tokens); next += max_length_) {
    const std::int64_t end = std::min(next + max_length_, std::ssize(tokens));
    const std::int64_t begin = std::max(std::int64_t{0}, end - max_length_ - 1);
    requests.push_back({Tokens(tokens.begin() + begin, tokens.begin() + end), next - begin});
  }
  return requests;
}

}  // namespace switchyard::tasks
