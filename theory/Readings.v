(** What is certain is no more than what is there, however the stated amounts are read. *)

From Coq Require Import List NArith Bool Lia Permutation.
Import ListNotations.
Require Import Fold.
Local Open Scope N_scope.

(** * Sums *)

Lemma is_called_eq a b : is_called a b = true <-> a = b.
Proof. destruct a, b; split; intro H; try reflexivity; discriminate. Qed.

Notation named_so c := (filter (fun s => is_called (named s) c)).
Lemma by_name f l : sum f l = sum f (named_so Both l) + sum f (named_so Id l) + sum f (named_so Place l) + sum f (named_so Payment l).
Proof. induction l as [|s l IH]; [reflexivity|]. simpl. destruct (named s); simpl; rewrite IH; lia. Qed.

Lemma less_le a b g : a <= b -> less a g <= less b g.
Proof. destruct g; simpl; lia. Qed.
Lemma less_plus a b g h : less (a + b) (plus g h) <= less a g + less b h.
Proof. destruct g, h; simpl; lia. Qed.
Lemma less_sum l : less (sum amount l) (total gone l) <= sum left_of l.
Proof. induction l as [|s l IH]; [reflexivity|]. simpl. etransitivity; [apply less_plus|]. unfold left_of at 1. lia. Qed.

Lemma sum_perm {A} (f : A -> N) p l l' : Permutation l l' -> sum f (filter p l) = sum f (filter p l').
Proof. induction 1; simpl; try destruct (p x); try destruct (p y); simpl; lia. Qed.
Lemma plus_swap a b c : plus a (plus b c) = plus b (plus a c).
Proof. destruct a, b, c; simpl; f_equal; lia. Qed.
Lemma total_perm {A} (f : A -> option N) p l l' : Permutation l l' -> total f (filter p l) = total f (filter p l').
Proof. induction 1; simpl; try destruct (p x); try destruct (p y); simpl; try congruence. apply plus_swap. Qed.

(** Names that may be one lower what is certain, and raise nothing. *)
Lemma distinct_le l : distinct l <= sum left_of l.
Proof.
  assert (I := less_sum (named_so Id l)). assert (P := less_sum (named_so Place l)).
  assert (A := less_sum l). assert (N := by_name amount l). rewrite (by_name left_of l) in *. unfold distinct.
  destruct (_ || _) eqn:E1; simpl; [destruct (((_ || _) || _) || _) eqn:E2; simpl|].
  - etransitivity; [|apply A]. apply less_le. lia.
  - lia.
  - destruct (_ && _); [|lia]. revert I P. generalize (total gone (named_so Id l)), (total gone (named_so Place l)).
    intros [i|] [p|]; simpl; intros; lia.
Qed.

(** * Readings *)

(** A share, with what is said of it, what was truly taken, what of that went back, and whether what is said is a running total. *)
Record Told := { says : StatedAmount; took : N; went : N; is_total : bool }.
Definition kept (h : list Told) := sum (fun t => took t - went t) h.
Definition all_of (cs : list N) := sum (fun c => c) cs.

(** What of an earlier share a total may have within: all, or what was left of it, or what was left at the time where it went back
    in parts. *)
Definition contributes (t : Told) (c : N) :=
  c = took t \/ c = took t - went t \/ in_parts (says t) = true /\ took t - went t <= c <= took t.

(** How one statement reads, given the shares before it. No more goes back than was taken. A complement is paid after its
    voucher. A statement of its own share says no more than was taken. A running total has within what is before it, and
    something of its own. *)
Definition reads_one (stated : list StatedAmount) (before : list Told) (t : Told) :=
  went t <= took t
  /\ match gone (says t) with Some g => went t = g | None => in_parts (says t) = true end
  /\ (by_payer (says t) = Voucher -> forall b, In b before -> by_payer (says b) <> Complement)
  /\ if is_total t
     then is_own stated (says t) = false /\ 0 < took t
          /\ exists cs, Forall2 contributes before cs /\ amount (says t) = took t + all_of cs
     else amount (says t) <= took t.
(** A history, its latest share first. *)
Fixpoint reads stated (h : list Told) := match h with
  | [] => True | t :: before => reads_one stated before t /\ reads stated before end.

Lemma all_of_le cs c : In c cs -> c <= all_of cs.
Proof. induction cs; simpl; [tauto|]. intros [->|H]; [lia|]. specialize (IHcs H). unfold all_of in *. lia. Qed.

Section Reading.
Variables (apart : bool) (stated : list StatedAmount) (x : StatedAmount).
Hypothesis x_open : is_own stated x = false.
Let is_beside s := is_own stated s && negb (may_be_within apart x s).
Let other t := negb (is_beside (says t)).
Let beside t := is_beside (says t).
Let lefts h := sum (fun t => left_of (says t)) (filter beside h).
Let missing h := total (fun t => may_be_missing apart x (says t)) (filter other h).

Lemma own_left before t : reads_one stated before t -> is_own stated (says t) = true -> left_of (says t) <= took t - went t.
Proof.
  intros (W & G & _ & R) O. destruct (is_total t); [destruct R; congruence|].
  unfold left_of. destruct (gone (says t)); simpl; lia.
Qed.

Lemma beside_own t : beside t = true -> is_own stated (says t) = true.
Proof. unfold beside, is_beside. intro H. apply andb_prop in H. tauto. Qed.

Lemma lefts_le h : reads stated h -> lefts h <= kept h.
Proof.
  unfold lefts. induction h as [|t h IH]; simpl; [lia|]. intros [R H]. specialize (IH H).
  destruct (beside t) eqn:B; simpl; [|lia]. assert (L := own_left _ _ R (beside_own _ B)). lia.
Qed.

(** What is too much for a total to have within is not in it, but for what was left of it. *)
Lemma too_much before t c : reads_one stated before t -> is_own stated (says t) = true -> contributes t c -> c < amount x ->
  may_be_within apart x (says t) = false ->
  (is_payer (by_payer x) Voucher && is_payer (by_payer (says t)) Complement = false) ->
  c = took t - went t /\ left_of (says t) = 0.
Proof.
  intros R O C lt W L. assert (left := own_left _ _ R O). destruct R as (WT & G & _ & R).
  destruct (is_total t); [destruct R; congruence|].
  unfold may_be_within in W. rewrite L in W. simpl in W.
  apply orb_false_iff in W. destruct W as [W _]. apply orb_false_iff in W. destruct W as [W1 W2].
  apply N.ltb_ge in W1. unfold left_of in *. destruct (gone (says t)) as [g|] eqn:E; simpl in *.
  - destruct (in_parts (says t)) eqn:P; unfold contributes in C; rewrite P in C.
    + destruct (_ <? amount x) eqn:Q; [destruct (0 <? amount (says t) - g); discriminate | apply N.ltb_ge in Q; lia].
    + destruct C as [C|[C|[? _]]]; [lia| |discriminate].
      destruct (_ <? amount x) eqn:Q in W2; [|apply N.ltb_ge in Q; lia].
      destruct (0 <? amount (says t) - g) eqn:Z in W2; [discriminate | apply N.ltb_ge in Z; lia].
  - rewrite G in W2. destruct (_ <? amount x) eqn:Q; [discriminate | apply N.ltb_ge in Q; lia].
Qed.

Lemma other_missing t before c g : reads_one stated before t -> may_be_missing apart x (says t) = Some g -> contributes t c ->
  c < amount x -> c <= took t - went t + g.
Proof.
  intros (W & G & _) M C lt. unfold may_be_missing in M. unfold contributes in C.
  destruct (gone (says t)) as [h|] eqn:E.
  - destruct (apart && _ && _) eqn:B; injection M as <-; [|lia].
    apply andb_prop in B. destruct B as [B P]. apply andb_prop in B. destruct B as [_ B].
    apply andb_prop in B. destruct B as [B _]. apply N.leb_le in B.
    destruct (in_parts (says t)); [discriminate|]. destruct C as [C|[C|[? _]]]; [lia|lia|discriminate].
  - rewrite G in M. rewrite andb_false_r in M. discriminate.
Qed.
Let later t := is_payer (by_payer x) Voucher && is_payer (by_payer (says t)) Complement.
Let free h := forall t, In t h -> later t = false.

Lemma beside_out t : beside t = true -> may_be_within apart x (says t) = false.
Proof. unfold beside, is_beside. intro H. apply andb_prop in H. destruct H as [_ H]. apply negb_true_iff, H. Qed.

Lemma earlier h cs g : reads stated h -> free h -> Forall2 contributes h cs -> all_of cs < amount x -> missing h = Some g ->
  all_of cs + lefts h <= kept h + g.
Proof.
  intros R F C. revert g R F. unfold missing, lefts. induction C as [|t c h cs C Cs IH]; simpl; intros g R F lt M; [lia|].
  destruct R as [R Rs]. assert (F' : free h) by (intros b I; apply F; right; auto).
  assert (lt' : c < amount x /\ all_of cs < amount x) by (unfold all_of in *; simpl in lt; lia). destruct lt' as [lc lcs].
  unfold other at 1 in M. destruct (beside t) eqn:B; unfold beside in B; rewrite B in M; simpl in *.
  - specialize (IH g Rs F' lcs M). destruct (too_much _ _ _ R (beside_own _ B) C lc (beside_out _ B) (F t (or_introl eq_refl))).
    unfold all_of in *; simpl; lia.
  - destruct (may_be_missing apart x (says t)) as [m|] eqn:E; [|discriminate].
    destruct (total _ _) as [r|] eqn:T; [|discriminate]. injection M as <-.
    specialize (IH r Rs F' lcs eq_refl). assert (X := other_missing _ _ _ _ R E C lc). unfold all_of in *; simpl; lia.
Qed.

Lemma missing_x t : amount (says t) = amount x -> may_be_missing apart x (says t) = gone (says t).
Proof. intro E. unfold may_be_missing. rewrite E, N.eqb_refl. simpl. rewrite !andb_false_r. auto. Qed.

(** By one total alone. *)
Lemma bound_by_one h : reads stated h -> In x (map says h) -> less (amount x) (missing h) + lefts h <= kept h.
Proof.
  unfold missing, lefts. induction h as [|t h IH]; simpl; [tauto|]. intros [R Rs] [E|I].
  - assert (B : beside t = false) by (unfold beside, is_beside; rewrite E, x_open; auto).
    assert (O : other t = true) by (unfold other; unfold beside in B; rewrite B; auto). rewrite B, O. simpl.
    rewrite missing_x by congruence. assert (L := lefts_le h Rs). unfold lefts in L. change (kept (t :: h)) with (took t - went t + kept h).
    destruct R as (W & G & V & R). rewrite E in *. destruct (gone x) as [gx|]; [|simpl; lia].
    destruct (total _ (filter other h)) as [g|] eqn:M; simpl; [|lia].
    destruct (is_total t); [|lia]. destruct R as (_ & P & cs & C & A).
    assert (F : free h).
    { intros b I. unfold later. destruct (is_payer (by_payer x) Voucher) eqn:X; auto. simpl.
      destruct (by_payer (says b)) eqn:Y; auto. exfalso. apply (V ltac:(destruct (by_payer x); auto; discriminate) b I Y). }
    assert (X := earlier h cs g Rs F C ltac:(lia) M). unfold lefts in X. lia.
  - specialize (IH Rs I). change (kept (t :: h)) with (took t - went t + kept h).
    destruct (beside t) eqn:B; unfold other at 1; unfold beside in B; rewrite B; simpl.
    + assert (L := own_left _ _ R (beside_own _ B)). lia.
    + assert (D : less (amount x) (plus (may_be_missing apart x (says t)) (total (fun t => may_be_missing apart x (says t)) (filter other h)))
        <= less (amount x) (total (fun t => may_be_missing apart x (says t)) (filter other h)))
        by (destruct (may_be_missing _ _ _), (total _ _); simpl; lia). lia.
Qed.

(** By several of one amount, of which nothing went back. *)
Let same t := negb (is_own stated (says t)) && (amount (says t) =? amount x) && negb (may_be_within apart x (says t)).
Let sames h := sum (fun t => amount (says t)) (filter same h).
Let ordered h := forall a l, h = a ++ l -> In x (map says l) \/ free l.

Lemma other_settled before t c : reads_one stated before t -> may_be_missing apart x (says t) = Some 0 -> contributes t c ->
  c < amount x -> c = took t - went t.
Proof.
  intros (W & G & _) M C lt. unfold may_be_missing in M. unfold contributes in C. destruct (gone (says t)) as [h|] eqn:E.
  - destruct (apart && _ && _) eqn:B; [|injection M as ->; lia].
    apply andb_prop in B. destruct B as [B P]. apply andb_prop in B. destruct B as [_ B].
    apply andb_prop in B. destruct B as [B _]. apply N.leb_le in B.
    destruct (in_parts (says t)); [discriminate|]. destruct C as [C|[C|[? _]]]; [lia|lia|discriminate].
  - rewrite G in M. rewrite andb_false_r in M. discriminate.
Qed.

Lemma none_missing t h : missing (t :: h) = Some 0 -> (other t = true -> may_be_missing apart x (says t) = Some 0) /\ missing h = Some 0.
Proof.
  unfold missing. simpl. destruct (other t); simpl; [|intro; split; [discriminate | auto]].
  destruct (may_be_missing _ _ _) as [m|], (total _ _) as [r|]; simpl; try discriminate.
  intro H. injection H as H. assert (m = 0 /\ r = 0) as [-> ->] by lia. auto.
Qed.

Lemma settled h cs : reads stated h -> free h -> missing h = Some 0 -> Forall2 contributes h cs -> all_of cs < amount x ->
  all_of cs = kept h /\ lefts h = 0.
Proof.
  intros R F M C. revert R F M. unfold lefts. induction C as [|t c h cs C Cs IH]; simpl; intros R F M lt; [auto|].
  destruct R as [R Rs]. apply none_missing in M. destruct M as [Mt M].
  assert (lt' : c < amount x /\ all_of cs < amount x) by (unfold all_of in *; simpl in lt; lia). destruct lt' as [lc lcs].
  destruct (IH Rs (fun b I => F b (or_intror I)) M lcs) as [K L].
  change (kept (t :: h)) with (took t - went t + kept h). change (all_of (c :: cs)) with (c + all_of cs).
  destruct (beside t) eqn:B; simpl.
  - destruct (too_much _ _ _ R (beside_own _ B) C lc (beside_out _ B) (F t (or_introl eq_refl))). lia.
  - assert (O : other t = true) by (unfold other; unfold beside in B; rewrite B; auto).
    rewrite (other_settled _ _ _ R (Mt O) C lc). lia.
Qed.

Lemma same_spec t : same t = true -> is_own stated (says t) = false /\ amount (says t) = amount x /\ other t = true.
Proof.
  unfold same. intro H. apply andb_prop in H. destruct H as [H _]. apply andb_prop in H. destruct H as [O A].
  apply negb_true_iff in O. apply N.eqb_eq in A. repeat split; auto. unfold other, is_beside. rewrite O. auto.
Qed.

Hypothesis is_apart : apart = true.

Lemma x_is_same t : says t = x -> gone x = Some 0 -> same t = true.
Proof.
  intros E G. unfold same. rewrite E, x_open, N.eqb_refl. simpl. unfold may_be_within, left_of. rewrite G, is_apart. simpl.
  rewrite N.max_0_r, N.sub_0_r, N.ltb_irrefl. simpl. rewrite andb_false_r. auto.
Qed.

Lemma no_x h : missing h = Some 0 -> existsb same h = false -> ~ In x (map says h).
Proof.
  induction h as [|t h IH]; [auto|]. intros M S. apply none_missing in M. destruct M as [Mt M]. simpl in S.
  apply orb_false_iff in S. destruct S as [St S]. intros [E|I]; [|apply (IH M S I)].
  assert (O : other t = true) by (unfold other, is_beside; rewrite E, x_open; auto).
  specialize (Mt O). rewrite missing_x in Mt by congruence. rewrite (x_is_same t) in St; [discriminate | auto | congruence].
Qed.

Lemma ordered_more t h : ordered (t :: h) -> ordered h.
Proof. intros O a l ->. apply (O (t :: a) l). auto. Qed.

Lemma none_free h : ordered h -> missing h = Some 0 -> existsb same h = false -> free h.
Proof. intros O M S. destruct (O [] h eq_refl); auto. exfalso. apply (no_x h); auto. Qed.

Lemma full h : forall cs, reads stated h -> ordered h -> missing h = Some 0 -> existsb same h = true -> Forall2 contributes h cs ->
  amount x <= all_of cs.
Proof.
  induction h as [|t h IH]; [discriminate|]. intros cs [R Rs] O M S C. destruct cs as [|c cs']; [inversion C|].
  assert (Ct : contributes t c) by (inversion C; auto). assert (Cs : Forall2 contributes h cs') by (inversion C; auto). clear C.
  apply none_missing in M. destruct M as [Mt M]. apply ordered_more in O. change (all_of (c :: cs')) with (c + all_of cs').
  destruct (existsb same h) eqn:Sh; [specialize (IH cs' Rs O M eq_refl Cs); lia|].
  assert (F := none_free h O M Sh). simpl in S. rewrite Sh, orb_false_r in S. apply same_spec in S. destruct S as (_ & A & Ot).
  specialize (Mt Ot). rewrite missing_x in Mt by auto. destruct R as (W & G & _ & R). rewrite Mt in G.
  assert (c = took t) as -> by (unfold contributes in Ct; lia).
  destruct (is_total t); [|lia]. destruct R as (_ & P & ds & D & T).
  destruct (settled h ds Rs F M D ltac:(lia)) as [K _].
  destruct (N.lt_ge_cases (all_of cs') (amount x)) as [lt|]; [|lia]. destruct (settled h cs' Rs F M Cs lt). lia.
Qed.

Lemma sames_none h : existsb same h = false -> sames h = 0.
Proof. unfold sames. induction h as [|t h IH]; simpl; [auto|]. intro S. apply orb_false_iff in S. destruct S as [-> S]. auto. Qed.

Lemma bound_by_several h : reads stated h -> ordered h -> missing h = Some 0 -> sames h + lefts h <= kept h.
Proof.
  unfold sames, lefts. induction h as [|t h IH]; [reflexivity|]. intros [R Rs] O M.
  assert (M0 := M). apply none_missing in M. destruct M as [Mt M]. assert (Oh := ordered_more _ _ O). specialize (IH Rs Oh M).
  change (kept (t :: h)) with (took t - went t + kept h). simpl.
  destruct (beside t) eqn:B.
  - assert (same t = false) as -> by (unfold same; rewrite (beside_own _ B); auto).
    assert (L := own_left _ _ R (beside_own _ B)). simpl. lia.
  - destruct (same t) eqn:S; simpl; [|lia]. apply same_spec in S. destruct S as (_ & A & Ot).
    specialize (Mt Ot). rewrite missing_x in Mt by auto. destruct R as (W & G & _ & R). rewrite Mt in G.
    destruct (is_total t); [|lia]. destruct R as (_ & P & ds & D & T).
    destruct (existsb same h) eqn:Sh.
    + assert (X := full h ds Rs Oh M Sh D). lia.
    + destruct (settled h ds Rs (none_free h Oh M Sh) M D ltac:(lia)) as [K L]. unfold lefts in L.
      assert (X := sames_none h Sh). unfold sames in X. lia.
Qed.
End Reading.

Lemma sum_map {A B} (f : B -> N) (g : A -> B) p l : sum f (filter p (map g l)) = sum (fun x => f (g x)) (filter (fun x => p (g x)) l).
Proof. induction l as [|x l IH]; simpl; [auto|]. destruct (p (g x)); simpl; rewrite IH; auto. Qed.
Lemma total_map {A B} (f : B -> option N) (g : A -> B) p l :
  total f (filter p (map g l)) = total (fun x => f (g x)) (filter (fun x => p (g x)) l).
Proof. induction l as [|x l IH]; simpl; [auto|]. destruct (p (g x)); simpl; rewrite IH; auto. Qed.
Lemma filter_twice {A} (p q : A -> bool) l : (forall x, q x = true -> p x = true) -> filter q (filter p l) = filter q l.
Proof.
  intro H. induction l as [|x l IH]; simpl; [auto|]. destruct (p x) eqn:P; simpl; [rewrite IH; auto|].
  destruct (q x) eqn:Q; auto. rewrite (H _ Q) in P. discriminate.
Qed.
Lemma most_le {A} (f : A -> N) l b : (forall x, In x l -> f x <= b) -> most f l <= b.
Proof. induction l as [|x l IH]; simpl; intros H; [lia|]. specialize (IH (fun y I => H y (or_intror I))). specialize (H x (or_introl eq_refl)). lia. Qed.

Lemma reads_in stated h t : reads stated h -> In t h -> exists before, reads_one stated before t.
Proof. induction h as [|u h IH]; simpl; [tauto|]. intros [R Rs] [<-|I]; eauto. Qed.

(** A complement is in no history before its voucher. *)
Lemma reads_ordered stated h x : reads stated h -> In x (map says h) -> forall a l, h = a ++ l ->
  In x (map says l) \/ (forall t, In t l -> is_payer (by_payer x) Voucher && is_payer (by_payer (says t)) Complement = false).
Proof.
  intros R I a. revert h R I. induction a as [|u a IH]; simpl; intros h R I l E; subst; [auto|].
  destruct R as [R Rs]. destruct I as [<-|I]; [|eauto]. right. intros t It. destruct R as (_ & _ & V & _).
  destruct (is_payer (by_payer (says u)) Voucher) eqn:X; auto. simpl. destruct (by_payer (says t)) eqn:Y; auto. exfalso.
  apply (V ltac:(destruct (by_payer (says u)); auto; discriminate) t); auto. apply in_or_app. auto.
Qed.

(** A running total is no more than all that was taken. *)
Lemma contributed before cs : Forall2 contributes before cs -> all_of cs <= sum took before.
Proof. induction 1 as [|t c h cs C Cs IH]; simpl; [lia|]. unfold contributes, all_of in *. simpl. lia. Qed.

Lemma stated_le_taken stated h t : reads stated h -> In t h -> amount (says t) <= sum took h.
Proof.
  induction h as [|u h IH]; simpl; [tauto|]. intros [R Rs] [<-|I].
  - destruct R as (_ & _ & _ & R). destruct (is_total u); [|lia]. destruct R as (_ & _ & cs & C & A). assert (X := contributed _ _ C). lia.
  - specialize (IH Rs I). lia.
Qed.
Lemma taken_less_gone stated h : reads stated h -> less (sum took h) (total (fun t => gone (says t)) h) <= kept h.
Proof.
  induction h as [|t h IH]; [reflexivity|]. intros [(W & G & _) Rs]. specialize (IH Rs). simpl.
  change (kept (t :: h)) with (took t - went t + kept h). etransitivity; [apply less_plus|].
  destruct (gone (says t)); simpl; lia.
Qed.

(** Of whatever history the amounts are stated, however each reads: what is certain is kept. *)
Theorem certain_is_kept apart stated h :
  Permutation (map says h) stated -> reads stated h -> certain apart stated <= kept h.
Proof.
  intros P R.
  assert (T : forall {f : StatedAmount -> option N} {p}, total f (filter p stated) = total (fun t => f (says t)) (filter (fun t => p (says t)) h))
    by (intros; rewrite <- (total_perm f p _ _ P), total_map; auto).
  assert (S : forall {f : StatedAmount -> N} {p}, sum f (filter p stated) = sum (fun t => f (says t)) (filter (fun t => p (says t)) h))
    by (intros; rewrite <- (sum_perm f p _ _ P), sum_map; auto).
  assert (all : forall l : list StatedAmount, l = filter (fun _ => true) l) by (induction l; simpl; congruence).
  assert (all' : forall l : list Told, filter (fun _ => true) l = l) by (induction l; simpl; congruence).
  unfold certain. destruct (_ && _).
  - rewrite (all stated) at 2. rewrite T, all'. etransitivity; [|apply (taken_less_gone _ _ R)]. apply less_le.
    apply most_le. intros s I. apply (Permutation_in _ (Permutation_sym P)) in I. apply in_map_iff in I.
    destruct I as (t & <- & I). apply (stated_le_taken _ _ _ R I).
  - apply N.max_lub.
    + apply most_le. intros x I. apply filter_In in I. destruct I as [I O]. apply negb_true_iff in O.
      assert (Ix := Permutation_in _ (Permutation_sym P) I). unfold by_total.
      set (beside := fun s => is_own stated s && negb (may_be_within apart x s)).
      set (gone := Fold.total _ _). set (same := filter _ _).
      assert (D := distinct_le (filter beside stated)). rewrite S in D.
      assert (G : gone = total (fun t => may_be_missing apart x (says t)) (filter (fun t => negb (beside (says t))) h)) by apply T.
      assert (one : less (amount x) gone + sum (fun t => left_of (says t)) (filter (fun t => beside (says t)) h) <= kept h)
        by (rewrite G; apply (bound_by_one apart stated x O h R Ix)).
      destruct (apart && negb (is_positive gone)) eqn:E; [|lia].
      apply andb_prop in E. destruct E as [A E]. destruct gone as [[|]|]; try discriminate.
      assert (many : sum (fun t => amount (says t)) (filter (fun t => negb (is_own stated (says t)) && (amount (says t) =? amount x)
          && negb (may_be_within apart x (says t))) h) + sum (fun t => left_of (says t)) (filter (fun t => beside (says t)) h) <= kept h)
        by (apply (bound_by_several apart stated x O A h R (reads_ordered _ _ _ R Ix)); symmetry; apply G). simpl less.
      subst same. rewrite filter_twice, S, N.sub_0_r; [lia|].
      intros s H. unfold beside. destruct (is_own stated s); [discriminate | auto].
    + etransitivity; [apply distinct_le|]. rewrite S. clear -R. induction h as [|t h IH]; [reflexivity|].
      destruct R as [R Rs]. specialize (IH Rs). simpl. change (kept (t :: h)) with (took t - went t + kept h).
      destruct (is_own stated (says t)) eqn:O; simpl; [|lia]. assert (L := own_left stated _ _ R O). lia.
Qed.

(** Where no amount may be a running total, what is left of any of them is kept. *)
Lemma filter_all {A} (p : A -> bool) l : (forall x, In x l -> p x = true) -> filter p l = l.
Proof. induction l as [|x l IH]; simpl; intro H; [auto|]. rewrite (H x), IH; auto. Qed.
Lemma left_is_kept stated h :
  Permutation (map says h) stated -> reads stated h -> existsb open stated = false -> sum left_of stated <= kept h.
Proof.
  intros P R O. rewrite <- (filter_all (is_own stated) stated).
  - rewrite <- (sum_perm left_of _ _ _ P), sum_map. clear -R. induction h as [|t h IH]; [reflexivity|].
    destruct R as [R Rs]. specialize (IH Rs). simpl. change (kept (t :: h)) with (took t - went t + kept h).
    destruct (is_own stated (says t)) eqn:O; simpl; [|lia]. assert (L := own_left stated _ _ R O). lia.
  - intros s I. unfold is_own. destruct (open s) eqn:E; [|auto].
    assert (existsb open stated = true) by (apply existsb_exists; eauto). congruence.
Qed.
Lemma cover_is_kept t c stated h :
  let all := map stated (debits t c) in
  Permutation (map says h) all -> reads all h -> cover t c stated <= kept h.
Proof.
  intros all P R. unfold cover. apply N.max_lub.
  - etransitivity; [apply N.le_sub_l|]. apply certain_is_kept; auto.
  - destruct (existsb open _) eqn:O; [lia|].
    assert (less_self : forall x g, less x g <= x) by (intros x [g|]; simpl; lia).
    etransitivity; [apply less_self|]. etransitivity; [apply distinct_le|].
    etransitivity; [|apply (left_is_kept _ _ P R O)]. subst all. clear. induction (debits t c) as [|d ds IH]; simpl; [lia|].
    destruct (is_known_whole t d); simpl; lia.
Qed.

(** An order that may be released is covered by what is kept of its debits, less what went back of who knows what, whatever of it
    was captured when and whatever the amounts state: of the amount that is expected in the only currency in which one is. *)
Theorem released_is_covered facts registered policy :
  releasable facts registered policy = true ->
  let t := sound facts registered in
  exists c due, only_due t = Some (c, due) /\ 0 < due /\
    forall h, let stated := map (left (release_on policy) t) (debits t c) in
      Permutation (map says h) stated -> reads stated h -> due <= less (kept h) (given_back_of_unknown t c).
Proof.
  unfold releasable, complete, is_covered. intro H. apply andb_prop in H. destruct H as [H _].
  destruct (only_due (sound facts registered)) as [[c due]|] eqn:E; [|discriminate].
  apply N.leb_le in H. exists c, due. split; [auto|]. split.
  - unfold only_due in E. assert (I : forall d, In d (flat_map (fun c => match expected (sound facts registered) c with
        | Some e => if 0 <? e then [(c, e)] else [] | None => [] end) (currencies (sound facts registered))) -> 0 < snd d).
    { intros d I. apply in_flat_map in I. destruct I as (k & _ & I). destruct (expected _ k) as [e|]; [|inversion I].
      destruct (0 <? e) eqn:P; [|inversion I]. destruct I as [<-|[]]. apply N.ltb_lt in P. auto. }
    revert I E. destruct (flat_map _ _) as [|d [|]]; intros I E; try discriminate. injection E as ->. apply (I (c, due)). left. auto.
  - intros h P R. unfold net in H. etransitivity; [apply H|]. apply less_le. apply cover_is_kept; auto.
Qed.

(** Histories exist, and one of them has no more than is certain: 40, of which 10 went back, then a running total of 50. *)
Definition told a g o t k : Told :=
  {| says := {| amount := a; gone := Some g; in_parts := false; open := o; by_payer := EitherPayer; named := Id |};
     took := t; went := g; is_total := k |}.
Example a_history : let h := [told 50 0 true 10 true; told 40 10 false 40 false] in
  reads (map says h) h /\ certain true (map says h) = 40 /\ kept h = 40.
Proof.
  simpl. split; [|split; reflexivity]. repeat split; try discriminate; auto; try reflexivity; try (simpl; lia).
  exists [40]. split; [|reflexivity]. repeat constructor.
Qed.
