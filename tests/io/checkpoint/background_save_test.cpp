#include "io/checkpoint/background_save.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "runtime/error.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace background_save_test {

namespace fs = std::filesystem;
using Mode = BackgroundSave::Mode;

// Notes what a save calls, and plays the phases that a test gives it.
class FakeTarget : public SaveTarget {
 public:
  explicit FakeTarget(SavePhases phases) : phases_(std::move(phases)) {}

  SavePhases begin(const Snapshot& snapshot, WritePace&) override {
    tensors_ = snapshot.mine;
    return phases_;
  }
  const fs::path& folder() const override { return folder_; }
  void discard() override { ++num_discards_; }

  const std::vector<NamedTensor>& tensors() const { return tensors_; }
  int num_discards() const { return num_discards_; }

 private:
  SavePhases phases_;
  fs::path folder_ = "folder";
  std::vector<NamedTensor> tensors_;
  int num_discards_ = 0;
};

class Background : public testing::Test {
 protected:
  SavePhase note(const std::string& what) {
    return {.together = [this, what](SavePhases&) { notes_ += what + " "; }};
  }
  SavePhase work(const std::string& what) {
    return {.alone = [this, what] { notes_ += what + " "; }};
  }

  Comm& world_ = test_world();
  Stream stream_ = Stream::cpu(1);
  BackgroundSave save_{Mode::asynchronous, world_, stream_};
  std::string notes_;
};

TEST_F(Background, PhasesFollowOneAnother) {
  FakeTarget target({work("write"), note("gather"), work("commit"), note("tidy")});
  save_.start(target, {7, {}, {}});
  EXPECT_EQ(save_.finish(), "folder");
  EXPECT_EQ(notes_, "write gather commit tidy ");
  EXPECT_FALSE(save_.in_progress());
}

TEST_F(Background, OnePhaseForEachVote) {
  FakeTarget target({work("write"), work("commit")});
  save_.start(target, {7, {}, {}});
  while (save_.working()) std::this_thread::yield();
  EXPECT_EQ(notes_, "write ");
  EXPECT_EQ(save_.advance(), std::nullopt);
  while (save_.working()) std::this_thread::yield();
  EXPECT_EQ(notes_, "write commit ");
  EXPECT_EQ(save_.advance(), "folder");
}

TEST_F(Background, APhaseMayPutOthersBeforeThoseThatFollow) {
  SavePhase adds;
  adds.together = [this](SavePhases& following) { following.push_front(work("between")); };
  FakeTarget target({adds, work("commit")});
  save_.start(target, {7, {}, {}});
  save_.finish();
  EXPECT_EQ(notes_, "between commit ");
}

TEST_F(Background, MessagesAreWaitedFor) {
  int asked = 0;
  FakeTarget target({{.arrived = [&] { return ++asked > 2; }}, work("commit")});
  save_.start(target, {7, {}, {}});
  EXPECT_TRUE(save_.working());
  EXPECT_TRUE(save_.working());
  EXPECT_FALSE(save_.working());
  EXPECT_EQ(save_.finish(), "folder");
}

TEST_F(Background, IsWorkingWhileItsThreadIs) {
  std::atomic<bool> release = false;
  FakeTarget target({{.alone = [&] { release.wait(false); }}});
  save_.start(target, {7, {}, {}});
  EXPECT_TRUE(save_.working());
  release = true;
  release.notify_all();
  EXPECT_EQ(save_.finish(), "folder");
  EXPECT_FALSE(save_.working());
}

TEST_F(Background, AFailureOnOneRankDiscardsTheSaveOnAll) {
  const auto fail_on_last = [this] {
    require(world_.rank() != world_.size() - 1, Exit::storage, "full");
  };
  FakeTarget target({{.alone = fail_on_last}, work("commit")});
  save_.start(target, {7, {}, {}});
  Exit code = Exit::done;
  try {
    save_.finish();
  } catch (const Error& error) {
    code = error.code();
  }
  EXPECT_EQ(code, Exit::storage);
  EXPECT_EQ(target.num_discards(), 1);
  EXPECT_EQ(notes_, "");
  FakeTarget next({work("commit")});
  save_.start(next, {8, {}, {}});
  EXPECT_EQ(save_.finish(), "folder");
}

TEST_F(Background, AFirstPhaseThatCannotBeginEndsTheSave) {
  SavePhase fails;
  fails.together = [](SavePhases&) { throw Error(Exit::storage, "full").as_agreed(); };
  FakeTarget target({fails});
  EXPECT_THROW(save_.start(target, {7, {}, {}}), Error);
  EXPECT_EQ(target.num_discards(), 1);
  EXPECT_FALSE(save_.in_progress());
}

TEST_F(Background, AnAsynchronousSaveGetsACopyOfTheTensors) {
  const Buffer values({3}, DType::f32);
  FakeTarget target({work("write")});
  save_.start(target, {7, {{"values", values}}, {}});
  save_.finish();
  EXPECT_NE(target.tensors().at(0).tensor.data, values.tensor().data);
}

TEST_F(Background, ASynchronousSaveWorksWhenItIsAdvancedAndCopiesNothing) {
  const Buffer values({3}, DType::f32);
  FakeTarget target({work("write")});
  BackgroundSave save(Mode::synchronous, world_, stream_);
  save.start(target, {7, {{"values", values}}, {}});
  EXPECT_EQ(target.tensors().at(0).tensor.data, values.tensor().data);
  EXPECT_EQ(notes_, "");
  EXPECT_FALSE(save.working());
  EXPECT_EQ(save.advance(), "folder");
  EXPECT_EQ(notes_, "write ");
}

TEST_F(Background, WithoutASaveThereIsNothingToAdvance) {
  EXPECT_FALSE(save_.working());
  EXPECT_EQ(save_.advance(), std::nullopt);
  EXPECT_EQ(save_.finish(), std::nullopt);
}

}  // namespace background_save_test
}  // namespace switchyard
