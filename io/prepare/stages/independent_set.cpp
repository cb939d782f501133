#include "io/prepare/stages/independent_set.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "io/prepare/work/exchange_records.h"
#include "io/prepare/work/number_file.h"
#include "runtime/comm/agree.h"

namespace switchyard::prepare {
namespace {

// The groups that this rank still has to look at, read from one file and written to the next.
class Groups {
 public:
  explicit Groups(const IndependentSetTask& task) : files_(task.groups), scratch_(task.scratch) {}

  // edit(members) may drop members; what keeps two or more stays for the next pass. Returns how
  // many stay.
  std::int64_t pass(const std::function<void(std::vector<std::uint32_t>&)>& edit) {
    const std::filesystem::path next = scratch_.string() + (turn_ ? ".a" : ".b");
    std::int64_t left = 0;
    {
      NumberWriter out(next);
      for (const auto& file : files_) {
        NumberReader in(file);
        std::uint32_t count = 0;
        while (in.next(count)) {
          members_.resize(count);
          for (std::uint32_t& member : members_) in.next(member);
          edit(members_);
          if (members_.size() < 2) continue;
          out.put(static_cast<std::uint32_t>(members_.size()));
          out.put(members_);
          ++left;
        }
      }
      out.finish();
    }
    files_ = {next};
    turn_ = !turn_;
    return left;
  }

  ~Groups() {
    std::error_code ignored;
    std::filesystem::remove(scratch_.string() + ".a", ignored);
    std::filesystem::remove(scratch_.string() + ".b", ignored);
  }

 private:
  std::vector<std::filesystem::path> files_;
  std::filesystem::path scratch_;
  bool turn_ = false;
  std::vector<std::uint32_t> members_;
};

// Collects pairs for the ranks that own them, and verifies them there in portions.
class Verification {
 public:
  Verification(const IndependentSetTask& task, Comm& world, Stream& stream)
      : task_(task),
        world_(world),
        stream_(stream),
        outgoing_(static_cast<std::size_t>(world.size())) {}

  bool full() const { return waiting_ >= task_.pairs_at_once; }

  void add(const DocumentPair& pair) {
    outgoing_[static_cast<std::size_t>(task_.owner(pair.later - task_.num_earlier))].push_back(
        pair);
    ++waiting_;
  }

  // Collective. If two documents would remove a third, the earlier counts, in whichever portion it
  // is.
  void flush() {
    std::vector<DocumentPair> mine = exchange_records(outgoing_, world_, stream_);
    for (auto& pairs : outgoing_) pairs.clear();
    waiting_ = 0;
    std::sort(mine.begin(), mine.end());
    mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
    std::erase_if(mine, [&](const DocumentPair& pair) {
      const auto found =
          std::lower_bound(removals_.begin(), removals_.end(), pair.later, is_before);
      return found != removals_.end() && found->later == pair.later &&
             found->earlier <= pair.earlier;
    });
    agree(world_, [&] {
      std::vector<Removal> found = task_.verify(mine);
      found.insert(found.end(), removals_.begin(), removals_.end());  // those of now count more
      std::stable_sort(found.begin(), found.end(),
                       [](const Removal& a, const Removal& b) { return is_before(a, b.later); });
      const auto same = [](const Removal& a, const Removal& b) { return a.later == b.later; };
      found.erase(std::unique(found.begin(), found.end(), same), found.end());
      removals_ = std::move(found);
    });
  }

  // The removals of this round among the documents that this rank owns, by `later`.
  const std::vector<Removal>& removals() const { return removals_; }

 private:
  static bool is_before(const Removal& removal, std::int64_t later) {
    return removal.later < later;
  }

  const IndependentSetTask& task_;
  Comm& world_;
  Stream& stream_;
  std::vector<std::vector<DocumentPair>> outgoing_;
  std::int64_t waiting_ = 0;
  std::vector<Removal> removals_;
};

class Rounds {
 public:
  Rounds(const IndependentSetTask& task, Comm& world) : task_(task), world_(world), groups_(task) {
    result_.removed = Bitmap(task.num_documents);
  }

  IndependentSet run() {
    compare_with_earlier_generations();
    while (reduce_one(world_, open_groups(), Reduce::sum) > 0) {
      blocked_.join(world_, stream_);
      compare_with_newly_kept();
      ++result_.rounds;
    }
    std::sort(result_.removals.begin(), result_.removals.end(),
              [](const Removal& a, const Removal& b) { return a.later < b.later; });
    return std::move(result_);
  }

 private:
  void compare_with_earlier_generations() {
    Verification verification(task_, world_, stream_);
    std::size_t file = 0;
    std::optional<NumberReader> in;
    const auto emit = [&] {  // until the portion is full; false when all is read
      while (!verification.full()) {
        if (!in && file == task_.earlier_pairs.size()) return false;
        if (!in) in.emplace(task_.earlier_pairs[file++]);
        std::uint32_t ordinal = 0, low = 0, high = 0;
        if (!in->next(ordinal)) {
          in.reset();
          continue;
        }
        in->next(low);
        in->next(high);
        verification.add({task_.num_earlier + ordinal, std::int64_t{high} << 32 | low});
      }
      return true;
    };
    bool more = true;
    while (more) {
      agree(world_, [&] { more = more && emit(); });
      verification.flush();
      more = reduce_one(world_, std::int64_t{more}, Reduce::max) != 0;
    }
    take(verification);
  }

  // Blocks whoever has an undecided document before it in some group.
  std::int64_t open_groups() {
    blocked_ = Bitmap(task_.num_documents);
    std::int64_t left = 0;
    agree(world_, [&] {
      left = groups_.pass([&](std::vector<std::uint32_t>& members) {
        std::erase_if(members, [&](std::uint32_t member) { return result_.removed.test(member); });
        for (std::size_t i = 1; i < members.size(); ++i) blocked_.set(members[i]);
      });
    });
    return left;
  }

  // The first of a group is kept now unless another group blocks it; then it has met everyone here.
  void compare_with_newly_kept() {
    Verification verification(task_, world_, stream_);
    bool more = true;
    while (more) {
      bool met_all = true;
      agree(world_, [&] {
        groups_.pass([&](std::vector<std::uint32_t>& members) {
          const std::uint32_t first = members.front();
          if (blocked_.test(first)) return;
          if (verification.full()) {
            met_all = false;
            return;
          }
          for (std::size_t i = 1; i < members.size(); ++i) {
            verification.add({task_.num_earlier + members[i], task_.num_earlier + first});
          }
          members.erase(members.begin());
        });
      });
      verification.flush();
      more = reduce_one(world_, std::int64_t{!met_all}, Reduce::max) != 0;
    }
    take(verification);
  }

  void take(const Verification& verification) {
    for (const Removal& removal : verification.removals()) {
      result_.removed.set(removal.later - task_.num_earlier);
      result_.removals.push_back(removal);
    }
    result_.removed.join(world_, stream_);
    task_.progress(result_.removed.count(0, task_.num_documents));
  }

  const IndependentSetTask& task_;
  Comm& world_;
  Stream stream_ = Stream::cpu(1);
  Groups groups_;
  Bitmap blocked_;
  IndependentSet result_;
};

}  // namespace

IndependentSet first_independent_set(const IndependentSetTask& task, Comm& world) {
  return Rounds(task, world).run();
}

}  // namespace switchyard::prepare
