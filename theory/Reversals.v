(** What is told of credits after a release: decision.rs, [reverse_credit]. Under [ReleaseOn::Captured], where [room] bounds nothing;
    where it does, less is told. *)

From Coq Require Import List NArith Bool Lia.
Import ListNotations.
Require Import Fold.
Local Open Scope N_scope.

(** The name of a reversal's id: a share, and an amount where something was told of the credit before. *)
Record Reversal := { id : N * option N; of_share : N; told : N }.
Record Order := { gone_before : list (N * N); reversals : list Reversal }.

(** How much of a credit had gone back before the release. *)
Definition gone_of_credit (o : Order) (c : CreditTold) : N := N.min (back c) (most snd (filter (fun g => has (credit_names c) (fst g)) (gone_before o))).
Definition told_of (o : Order) (c : CreditTold) : N := sum told (filter (fun r => has (credit_names c) (of_share r)) (reversals o)).
(** What of a debit had gone back before the release, or was told after it. *)
Definition its (credits : list CreditTold) (p : N) := filter (fun c => is_opt (of c) (Some p)) credits.
Definition gone_of_parent (o : Order) credits p :=
  N.max (most (gone_of_credit o) (filter (fun c => negb (part c)) (its credits p))) (sum (gone_of_credit o) (filter part (its credits p))).
Definition told_of_parent (o : Order) credits p := sum (told_of o) (its credits p).
Definition gone_and_told_of o credits p := gone_of_parent o credits p + told_of_parent o credits p.

Definition reverse_credit credits o c : Order :=
  if of_other c then o else
  let own := back c - gone_of_credit o c - told_of o c in
  let left := match of c with Some p => N.min (of_parent c - gone_and_told_of o credits p) own | None => own end in
  let again := existsb (fun r => has (credit_names c) (of_share r)) (reversals o) in
  if left =? 0 then o else
  {| gone_before := gone_before o;
     reversals := {| id := (credit c, if again then Some (back c) else None); of_share := credit c; told := left |} :: reversals o |}.
Definition decide (credits : list CreditTold) (o : Order) : Order := fold_left (reverse_credit credits) credits o.

(** What goes by one name is one credit, and of one payment the same amount went back. *)
Definition apart_credits (credits : list CreditTold) :=
  NoDup (map credit credits)
  /\ (forall c d, In c credits -> In d credits -> has (credit_names c) (credit d) = true -> credit c = credit d)
  /\ (forall c, In c credits -> has (credit_names c) (credit c) = true)
  /\ (forall c d p, In c credits -> In d credits -> of c = Some p -> of d = Some p -> of_parent c = of_parent d).

Lemma pushed_told o d r : told_of {| gone_before := gone_before o; reversals := r :: reversals o |} d
  = (if has (credit_names d) (of_share r) then told r else 0) + told_of o d.
Proof. unfold told_of. simpl. destruct (has _ _); simpl; auto. Qed.

Lemma same_credit credits : NoDup (map credit credits) -> forall c d, In c credits -> In d credits -> credit c = credit d -> c = d.
Proof.
  induction credits as [|x l IH]; simpl; [tauto|]. intros N c d. inversion_clear N as [|? ? Nx Nl]. intros [<-|C] [<-|D] E; auto.
  - exfalso. apply Nx. rewrite E. apply in_map, D.
  - exfalso. apply Nx. rewrite <- E. apply in_map, C.
Qed.

(** A reversal adds to what is told of one credit of its payment. *)
Lemma pushed_parent credits o c r p : apart_credits credits -> In c credits -> of_share r = credit c ->
  told_of_parent {| gone_before := gone_before o; reversals := r :: reversals o |} credits p
  = (if is_opt (of c) (Some p) then told r else 0) + told_of_parent o credits p.
Proof.
  intros (N & One & Self & _) C R. unfold told_of_parent, its.
  assert (H : forall l, NoDup (map credit l) -> (forall d, In d l -> In d credits) ->
    sum (told_of {| gone_before := gone_before o; reversals := r :: reversals o |}) (filter (fun d => is_opt (of d) (Some p)) l)
    = (if existsb (fun d => credit d =? credit c) l && is_opt (of c) (Some p) then told r else 0)
      + sum (told_of o) (filter (fun d => is_opt (of d) (Some p)) l)).
  { induction l as [|d l IH]; simpl; intros Nl I; [auto|]. inversion_clear Nl as [|? ? Nd Nl'].
    assert (D := I d (or_introl eq_refl)). specialize (IH Nl' (fun e J => I e (or_intror J))).
    destruct (N.eqb_spec (credit d) (credit c)) as [E|E]; simpl.
    - assert (existsb (fun d => credit d =? credit c) l = false) as X.
      { destruct (existsb _ l) eqn:X; auto. apply existsb_exists in X. destruct X as (e & J & X). apply N.eqb_eq in X.
        exfalso. apply Nd. rewrite E, <- X. apply in_map, J. }
      rewrite X in IH. simpl in IH. rewrite (same_credit _ N _ _ D C E) in *.
      destruct (is_opt (of c) (Some p)); simpl; rewrite IH; [|auto]. rewrite pushed_told by auto. rewrite R, Self by auto. lia.
    - destruct (is_opt (of d) (Some p)); simpl; rewrite IH; [|auto]. rewrite pushed_told by auto. rewrite R.
      destruct (has (credit_names d) (credit c)) eqn:Hd; [|lia]. exfalso. apply E, One; auto. }
  rewrite (H credits N (fun _ I => I)).
  assert (existsb (fun d => credit d =? credit c) credits = true) as -> by (apply existsb_exists; exists c; rewrite N.eqb_refl; auto).
  reflexivity.
Qed.

(** Of a payment no more is told than went back of it since the release. *)
Theorem no_more_than_went_back credits o c p :
  apart_credits credits -> In c credits -> of c = Some p ->
  gone_and_told_of o credits p <= of_parent c -> gone_and_told_of (decide credits o) credits p <= of_parent c.
Proof.
  intros A C P. unfold decide. assert (H : forall l o, (forall d, In d l -> In d credits) -> gone_and_told_of o credits p <= of_parent c ->
    gone_and_told_of (fold_left (reverse_credit credits) l o) credits p <= of_parent c); [|auto].
  induction l as [|d l IH]; simpl; intros o' I L; [auto|]. apply IH; [auto|]. assert (D := I d (or_introl eq_refl)).
  unfold reverse_credit. destruct (of_other d); [auto|]. destruct (_ =? 0); [auto|].
  unfold gone_and_told_of in *. rewrite (pushed_parent _ _ d) by auto.
  change (gone_of_parent {| gone_before := gone_before o'; reversals := _ |} credits p) with (gone_of_parent o' credits p).
  destruct (is_opt (of d) (Some p)) eqn:E; [|lia].
  assert (Od : of d = Some p) by (unfold is_opt in E; apply N.eqb_eq in E; destruct (of d); simpl in E; [f_equal; lia | lia]).
  simpl. rewrite Od. assert (of_parent d = of_parent c) as -> by (destruct A as (_ & _ & _ & A); eapply A; eauto). lia.
Qed.

(** Nor of a credit than it came to. *)
Theorem no_more_than_the_credit credits o c :
  apart_credits credits -> In c credits -> gone_of_credit o c + told_of o c <= back c ->
  gone_of_credit (decide credits o) c + told_of (decide credits o) c <= back c.
Proof.
  intros A C. unfold decide. assert (H : forall l o, (forall d, In d l -> In d credits) -> gone_of_credit o c + told_of o c <= back c ->
    gone_of_credit (fold_left (reverse_credit credits) l o) c + told_of (fold_left (reverse_credit credits) l o) c <= back c); [|auto].
  induction l as [|d l IH]; simpl; intros o' I L; [auto|]. apply IH; [auto|]. assert (D := I d (or_introl eq_refl)).
  unfold reverse_credit. destruct (of_other d); [auto|]. destruct (_ =? 0); [auto|].
  change (gone_of_credit {| gone_before := gone_before o'; reversals := _ |} c) with (gone_of_credit o' c).
  rewrite pushed_told by auto. simpl. destruct (has (credit_names c) (credit d)) eqn:E; [|lia].
  destruct A as (N & One & _). assert (d = c) as -> by (apply (same_credit _ N); auto; symmetry; apply One; auto).
  destruct (of c); lia.
Qed.

(** Deciding again tells nothing more. *)
Definition left_to_tell credits o c := if of_other c then 0 else
  let own := back c - gone_of_credit o c - told_of o c in
  match of c with Some p => N.min (of_parent c - gone_and_told_of o credits p) own | None => own end.

Lemma told_all credits o c : apart_credits credits -> In c credits -> left_to_tell credits (reverse_credit credits o c) c = 0.
Proof.
  intros A C. unfold reverse_credit. destruct (of_other c) eqn:E; [unfold left_to_tell; rewrite E; auto|]. cbv zeta.
  set (left := match of c with Some _ => _ | None => _ end). destruct (left =? 0) eqn:Z.
  - apply N.eqb_eq in Z. unfold left_to_tell. rewrite E. exact Z.
  - unfold left_to_tell. rewrite E. set (r := {| id := _; of_share := _; told := _ |}).
    change (gone_of_credit {| gone_before := gone_before o; reversals := r :: reversals o |} c) with (gone_of_credit o c).
    rewrite pushed_told. simpl of_share. assert (A' := A). destruct A' as (_ & _ & Self & _). rewrite (Self c C). simpl told.
    destruct (of c) as [p|] eqn:P; [|subst left; lia]. unfold gone_and_told_of.
    change (gone_of_parent {| gone_before := gone_before o; reversals := r :: reversals o |} credits p) with (gone_of_parent o credits p).
    rewrite (pushed_parent credits o c r p A C eq_refl), P. unfold is_opt. rewrite N.eqb_refl. simpl told.
    unfold gone_and_told_of in left. subst left. lia.
Qed.

Lemma told_stays credits o c d : apart_credits credits -> In d credits -> left_to_tell credits o c = 0 ->
  left_to_tell credits (reverse_credit credits o d) c = 0.
Proof.
  intros A D. unfold reverse_credit. destruct (of_other d); [auto|]. cbv zeta. destruct (_ =? 0); [auto|].
  unfold left_to_tell. destruct (of_other c); [auto|]. set (r := {| id := _; of_share := _; told := _ |}).
  change (gone_of_credit {| gone_before := gone_before o; reversals := r :: reversals o |} c) with (gone_of_credit o c).
  rewrite pushed_told. destruct (of c) as [p|]; [|lia]. unfold gone_and_told_of.
  change (gone_of_parent {| gone_before := gone_before o; reversals := r :: reversals o |} credits p) with (gone_of_parent o credits p).
  rewrite (pushed_parent credits o d r p A D eq_refl). lia.
Qed.

Theorem decided_twice_is_decided_once credits o : apart_credits credits -> decide credits (decide credits o) = decide credits o.
Proof.
  intro A. unfold decide at 1.
  assert (all : forall c, In c credits -> left_to_tell credits (decide credits o) c = 0).
  { unfold decide. assert (H : forall l o, (forall d, In d l -> In d credits) ->
      (forall c, left_to_tell credits o c = 0 -> In c credits -> left_to_tell credits (fold_left (reverse_credit credits) l o) c = 0)
      /\ forall c, In c l -> left_to_tell credits (fold_left (reverse_credit credits) l o) c = 0).
    { induction l as [|d l IH]; simpl; intros o' I; [tauto|]. assert (D := I d (or_introl eq_refl)).
      destruct (IH (reverse_credit credits o' d) (fun e J => I e (or_intror J))) as [K L]. split.
      - intros c Z C. apply K; auto. apply told_stays; auto.
      - intros c [<-|J]; [apply K; auto; apply told_all; auto | apply L, J]. }
    apply (H credits o); auto. }
  revert all. generalize (decide credits o). intros o' all.
  assert (H : forall l, (forall d, In d l -> In d credits) -> fold_left (reverse_credit credits) l o' = o'); [|auto].
  induction l as [|d l IH]; simpl; intro I; [auto|].
  assert (reverse_credit credits o' d = o') as ->; [|apply IH; auto].
  specialize (all d (I d (or_introl eq_refl))). unfold left_to_tell in all. unfold reverse_credit.
  destruct (of_other d); [auto|]. cbv zeta in all. rewrite all. auto.
Qed.
